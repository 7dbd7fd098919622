"""Planted: a search attribute gets another value."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Escalation:
    @workflow.run
    async def run(self, ticket: str) -> None:
        severity = await workflow.execute_local_activity(
            activities.assess,
            ticket,
            start_to_close_timeout=timedelta(seconds=30),
        )
        workflow.upsert_memo({"severity": severity})
        workflow.upsert_search_attributes([SearchAttributeKey.for_keyword("Severity").value_set(ticket)])  # planted
        desk = workflow.get_external_workflow_handle("desk")
        await desk.signal("say", f"{ticket} is {severity}")
        raise ApplicationError(f"{ticket} needs a person", type="Escalated", non_retryable=True)
