"""What is said of an activity without a workflow reads as what is said of a workflow's; its options change likewise."""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.duration_pb2 import Duration
from temporalio.api.activity.v1 import ActivityExecutionInfo
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeActivityExecutionResponse, DescribeWorkflowExecutionResponse

from harness.servers.frontend import Frontend
from harness.servers.pending import RunOnServer, pending_activities, update_options

STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
ALONE, OF_WORKFLOW = RunOnServer("book-run", "r1", is_activity=True), RunOnServer("trip", "r2")


class Server:
    """A frontend that knows one activity, and keeps what it is asked to change."""

    def __init__(self, info: ActivityExecutionInfo) -> None:
        self.info = info
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def activity(self, *, activity_id: str, run_id: str, limit: float) -> DescribeActivityExecutionResponse:
        assert (activity_id, run_id) == (ALONE.workflow_id, ALONE.run_id)
        return DescribeActivityExecutionResponse(info=self.info)

    async def call(self, operation: str, **fields: Any) -> Any:
        self.asked.append((operation, fields))
        return DescribeWorkflowExecutionResponse(pending_activities=[PendingActivityInfo(activity_id="7", attempt=3)])


async def test_an_activity_that_runs_is_pending_with_its_options() -> None:
    info = ActivityExecutionInfo(
        activity_id="book-run", run_state=STARTED, attempt=2, heartbeat_timeout=Duration(seconds=30)
    )
    (pending,) = await pending_activities(cast(Frontend, Server(info)), ALONE)
    assert (pending.activity_id, pending.state, pending.attempt) == ("book-run", STARTED, 2)
    assert pending.activity_options.heartbeat_timeout == Duration(seconds=30)


async def test_one_that_has_ended_is_not_pending() -> None:
    info = ActivityExecutionInfo(activity_id="book-run", attempt=2)
    assert await pending_activities(cast(Frontend, Server(info)), ALONE) == []


async def test_those_of_a_workflow_are_as_the_server_says() -> None:
    server = Server(ActivityExecutionInfo())
    (pending,) = await pending_activities(cast(Frontend, server), OF_WORKFLOW)
    assert (pending.activity_id, pending.attempt) == ("7", 3)


async def test_options_are_changed_by_the_call_for_its_kind() -> None:
    server = Server(ActivityExecutionInfo())
    await update_options(cast(Frontend, server), ALONE, "book-run", restore_original=True)
    await update_options(cast(Frontend, server), OF_WORKFLOW, "7", restore_original=True)
    assert server.asked == [
        ("UpdateActivityExecutionOptions", {"activity_id": "book-run", "run_id": "r1", "restore_original": True}),
        ("UpdateActivityOptions", {"execution": OF_WORKFLOW.execution, "id": "7", "restore_original": True}),
    ]
