"""Acceleration: after a strike, ask the server to let the dead attempt's timeouts happen now instead of later.

Three public calls of Temporal, none of which touches the worker or what the history declares: ResetStickyTaskQueue
(else the next workflow task waits 10 s for the dead worker's sticky queue), UpdateActivityOptions with short timeouts
on the attempt that was running (which then times out genuinely), and the same call with ``restore_original`` as soon
as the attempt number has grown.

Measured on server 1.29.1: ``restore_original`` during the backoff makes the server count the next attempt's schedule
from the year 1970. A worker would read that in ``activity.info()``, and an activity with a schedule-to-start timeout
(one with schedule-to-close has it too) would run into it at once. So the door mends the time in the poll answer, and
where there is such a timeout the options are restored only when the next attempt is running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState

from harness.rig.frontend import Frontend

_START_TO_CLOSE = 1.0  # seconds
_HEARTBEAT = 0.5  # seconds
_LOOK_EVERY = 0.05  # seconds

_STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED

Note = Callable[..., None]


class Acceleration:
    """Lets the timeouts of what a dead worker process had in hand happen now, in one trial.

    Args:
        frontend: The server, in the trial's namespace.
        note: Puts on the tape what was done.
    """

    def __init__(self, frontend: Frontend, *, note: Note) -> None:
        self._frontend = frontend
        self._note = note
        self._declared: dict[tuple[str, str], Any] = {}

    async def recover(self, *, executions: list[tuple[str, str]], worker: int) -> None:
        """Recover from the death of a worker process; return when every timeout has happened.

        Args:
            executions: Workflow id and run id of every run that may be open.
            worker: Number of the dead worker process.
        """
        await asyncio.gather(
            *(
                self._recover_run(WorkflowExecution(workflow_id=workflow_id, run_id=run_id), worker)
                for workflow_id, run_id in executions
            )
        )

    def mend(self, operation: str, reply: Any) -> bool:
        """Take out of a poll answer what acceleration has left in it; tell whether there was something."""
        if operation != "PollActivityTaskQueue" or not reply.task_token:
            return False
        declared = self._declared.get((reply.workflow_execution.run_id, reply.activity_id))
        if declared is not None:
            reply.start_to_close_timeout.CopyFrom(declared.start_to_close_timeout)
            reply.heartbeat_timeout.CopyFrom(declared.heartbeat_timeout)
        if reply.current_attempt_scheduled_time.seconds < reply.scheduled_time.seconds:
            reply.current_attempt_scheduled_time.CopyFrom(reply.started_time)
            return True
        return declared is not None

    async def _recover_run(self, execution: Any, worker: int) -> None:
        try:
            await self._frontend.call("ResetStickyTaskQueue", execution=execution)
            told = await self._frontend.call("DescribeWorkflowExecution", execution=execution)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
                return
            raise
        started = [pending for pending in told.pending_activities if pending.state == _STARTED]
        await asyncio.gather(*(self._recover_activity(execution, found, worker) for found in started))

    async def _recover_activity(self, execution: Any, pending: Any, worker: int) -> None:
        facts = {"workflow_id": execution.workflow_id, "activity_id": pending.activity_id, "attempt": pending.attempt}
        key = (execution.run_id, pending.activity_id)
        self._declared[key] = pending.activity_options
        try:
            await self._shorten(execution, pending)
            self._note("accelerate", worker=worker, what="activity", **facts)
            if await self._next_attempt(execution, pending):
                await self._frontend.call(
                    "UpdateActivityOptions", execution=execution, id=pending.activity_id, restore_original=True
                )
                self._note("accelerate", worker=worker, what="restored", **facts)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
        finally:
            del self._declared[key]

    async def _shorten(self, execution: Any, pending: Any) -> None:
        options = ActivityOptions(
            start_to_close_timeout=_duration(_START_TO_CLOSE), heartbeat_timeout=_duration(_HEARTBEAT)
        )
        paths = ["start_to_close_timeout"]
        if pending.activity_options.heartbeat_timeout.ToNanoseconds():
            paths.append("heartbeat_timeout")
        await self._frontend.call(
            "UpdateActivityOptions",
            execution=execution,
            id=pending.activity_id,
            activity_options=options,
            update_mask=FieldMask(paths=paths),
        )

    async def _next_attempt(self, execution: Any, pending: Any) -> bool:
        """Wait until the options can be restored; tell whether the activity is still pending."""
        must_run = bool(pending.activity_options.schedule_to_start_timeout.ToNanoseconds())
        while True:
            told = await self._frontend.call("DescribeWorkflowExecution", execution=execution)
            found = [seen for seen in told.pending_activities if seen.activity_id == pending.activity_id]
            if not found:
                return False
            if found[0].attempt > pending.attempt and (found[0].state == _STARTED or not must_run):
                return True
            await asyncio.sleep(_LOOK_EVERY)


def _duration(seconds: float) -> Duration:
    return Duration(nanos=int(seconds * 1e9)) if seconds < 1 else Duration(seconds=int(seconds))
