"""The activities of a run that have not ended, as the server has them, and their options changed.

An activity that no workflow scheduled is a run of its own, whose one activity it is: what the server says of it in
other words is put in those that it has for the activities of workflows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import PendingActivityInfo

from harness.servers.frontend import CALL_LIMIT, Frontend

_SAME = (
    *("activity_id", "activity_type", "attempt", "heartbeat_details", "last_heartbeat_time", "last_started_time"),
    *("last_failure", "last_worker_identity", "current_retry_interval", "last_attempt_complete_time"),
    *("next_attempt_schedule_time", "expiration_time"),
)
"""Fields that have one name in both."""

OPTIONS = (
    *("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout", "heartbeat_timeout"),
    "retry_policy",
)
"""What an activity is scheduled with, and may be changed."""


@dataclass(frozen=True)
class RunOnServer:
    """A run, by what the server knows it by.

    Attributes:
        workflow_id: Workflow id; of an activity that no workflow scheduled its id.
        run_id: Run id.
        is_activity: Whether it is such an activity.
    """

    workflow_id: str
    run_id: str
    is_activity: bool = False

    @property
    def execution(self) -> WorkflowExecution:
        """How requests name a run of a workflow."""
        return WorkflowExecution(workflow_id=self.workflow_id, run_id=self.run_id)


async def pending_activities(frontend: Frontend, run: RunOnServer, *, limit: float = CALL_LIMIT) -> list[Any]:
    """Return the activities of a run that have not ended, as ``PendingActivityInfo``; none for a closed run.

    Raises:
        grpc.aio.AioRpcError: As ``Frontend.call``.
    """
    if not run.is_activity:
        described = await frontend.call("DescribeWorkflowExecution", limit=limit, execution=run.execution)
        return list(described.pending_activities)
    info = (await frontend.activity(activity_id=run.workflow_id, run_id=run.run_id, limit=limit)).info
    return [_as_pending(info)] if info.run_state else []


async def update_options(frontend: Frontend, run: RunOnServer, activity_id: str, **fields: Any) -> None:
    """Change the options of an activity that has not ended, or restore those that it was scheduled with.

    Args:
        frontend: The server.
        run: The run that it belongs to.
        activity_id: Its id.
        fields: Further fields of the request.

    Raises:
        grpc.aio.AioRpcError: As ``Frontend.call``.
    """
    if run.is_activity:
        fields = {**fields, "activity_id": activity_id, "run_id": run.run_id}
        await frontend.call("UpdateActivityExecutionOptions", **fields)
    else:
        await frontend.call("UpdateActivityOptions", execution=run.execution, id=activity_id, **fields)


def _as_pending(info: Any) -> PendingActivityInfo:
    pending = PendingActivityInfo(state=info.run_state, maximum_attempts=info.retry_policy.maximum_attempts)
    pending.scheduled_time.CopyFrom(info.schedule_time)
    _copy(info, pending, _SAME)
    options = ActivityOptions()
    _copy(info, options, OPTIONS)
    pending.activity_options.CopyFrom(options)
    return pending


def _copy(source: Any, to: Any, names: tuple[str, ...]) -> None:
    for field, value in source.ListFields():
        if field.name not in names:
            continue
        if field.message_type:
            getattr(to, field.name).CopyFrom(value)
        else:
            setattr(to, field.name, value)
