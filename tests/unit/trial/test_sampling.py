"""The server is asked for pending activities when a further attempt is handed out, and once more at the end."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from harness.doors.wire.attribution import Attribution
from harness.records.message_facts import ActivityTask
from harness.records.tape import Entry
from harness.servers.frontend import Frontend
from harness.trial.live_tape import LiveTape
from harness.trial.sampling import Sampling
from tests.waiting import until_async


class Described:
    """A frontend that answers with the number of the question."""

    def __init__(self) -> None:
        self.asked = 0

    async def call(self, operation: str, **_: Any) -> DescribeWorkflowExecutionResponse:
        assert operation == "DescribeWorkflowExecution"
        self.asked += 1
        return DescribeWorkflowExecutionResponse(pending_activities=[PendingActivityInfo(attempt=self.asked)])


def handed_out(attempt: int) -> Entry:
    facts = ActivityTask(attempt=attempt, activity_type="book")
    return Entry(at=1.0, kind="reply", operation="PollActivityTaskQueue", facts=facts)


async def test_each_further_attempt_is_looked_at_and_the_end() -> None:
    tape, attribution, frontend = LiveTape(), Attribution(), Described()
    attribution.started(workflow="Trip", workflow_id="w", run_id="r")
    sampling = Sampling(cast(Frontend, frontend), attribution=attribution, tape=tape)
    running = asyncio.create_task(sampling.run())
    for attempt in (2, 3):
        tape.put(handed_out(attempt))
        await until_async(lambda attempt=attempt: frontend.asked >= attempt - 1, "the further attempt is looked at")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    before = frontend.asked
    await sampling.look_once_more()
    assert [sample.pending[0]["attempt"] for sample in sampling.samples] == list(range(1, before + 2))
