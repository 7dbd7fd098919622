"""Planted: a report is stored under its name, whoever comes last wins; a worker long given up can come last."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def store(name: str) -> str:
    info = activity.info()
    await plumbing.effect("report", {"name": name, "text": f"All about {name}", "written_by_attempt": info.attempt})
    return name


@workflow.defn
class ReportLastOneWins:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(
            store,
            name,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ReportLastOneWins], activities=[store])
