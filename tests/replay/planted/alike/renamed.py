"""Looks like other arguments, but only local variables and a parameter have other names."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Research:
    @workflow.run
    async def run(self, subject: str) -> str:
        questions = await workflow.execute_activity(
            activities.plan,
            f"Plan the research on {subject} in two steps.",
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
        findings = []
        for question in questions:
            finding = await workflow.execute_activity(
                activities.search,
                f"{subject}: {question}",
                task_queue="planted-search",
                start_to_close_timeout=timedelta(minutes=2),
                heartbeat_timeout=timedelta(seconds=10),
            )
            findings.append(finding)
        await workflow.sleep(timedelta(milliseconds=200))
        conclusion = await workflow.execute_activity(
            activities.summarise, findings, start_to_close_timeout=timedelta(seconds=30)
        )
        return f"{subject}: {conclusion}"
