"""Acceleration: after a strike, ask the server to let the dead attempt's timeouts happen now instead of later.

Three public calls of Temporal, none of which touches the worker or what the history declares: ResetStickyTaskQueue
(else the next workflow task waits 10 s for the dead worker's sticky queue), UpdateActivityOptions with short timeouts
on the attempt that was running (which then times out genuinely), and the same call with ``restore_original`` as soon
as the attempt number has grown.
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
_LIMIT = 30.0  # seconds

_STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED

Note = Callable[..., None]


async def accelerate(frontend: Frontend, *, executions: list[tuple[str, str]], worker: int, note: Note) -> None:
    """Let the timeouts of everything that a dead worker process had in hand happen now.

    Args:
        frontend: The server, in the trial's namespace.
        executions: Workflow id and run id of every run that may be open.
        worker: Number of the dead worker process.
        note: Puts on the tape what was done.
    """
    await asyncio.gather(
        *(
            _accelerate_run(frontend, WorkflowExecution(workflow_id=workflow_id, run_id=run_id), worker, note)
            for workflow_id, run_id in executions
        )
    )


async def _accelerate_run(frontend: Frontend, execution: Any, worker: int, note: Note) -> None:
    try:
        await frontend.call("ResetStickyTaskQueue", execution=execution)
        told = await frontend.call("DescribeWorkflowExecution", execution=execution)
    except grpc.aio.AioRpcError as error:
        if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
            return
        raise
    started = [pending for pending in told.pending_activities if pending.state == _STARTED]
    await asyncio.gather(*(_accelerate_activity(frontend, execution, found, worker, note) for found in started))


async def _accelerate_activity(frontend: Frontend, execution: Any, pending: Any, worker: int, note: Note) -> None:
    options = ActivityOptions(
        start_to_close_timeout=_duration(_START_TO_CLOSE), heartbeat_timeout=_duration(_HEARTBEAT)
    )
    paths = ["start_to_close_timeout"]
    if pending.activity_options.heartbeat_timeout.ToNanoseconds():
        paths.append("heartbeat_timeout")
    facts = {"workflow_id": execution.workflow_id, "activity_id": pending.activity_id, "attempt": pending.attempt}
    try:
        await frontend.call(
            "UpdateActivityOptions",
            execution=execution,
            id=pending.activity_id,
            activity_options=options,
            update_mask=FieldMask(paths=paths),
        )
        note("accelerate", worker=worker, what="activity", **facts)
        if await _next_attempt(frontend, execution, pending):
            await frontend.call(
                "UpdateActivityOptions", execution=execution, id=pending.activity_id, restore_original=True
            )
            note("accelerate", worker=worker, what="restored", **facts)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:
            raise


async def _next_attempt(frontend: Frontend, execution: Any, pending: Any) -> bool:
    """Wait until the attempt has timed out; tell whether the activity is still pending."""
    for _ in range(int(_LIMIT / _LOOK_EVERY)):
        told = await frontend.call("DescribeWorkflowExecution", execution=execution)
        found = [seen for seen in told.pending_activities if seen.activity_id == pending.activity_id]
        if not found:
            return False
        if found[0].attempt > pending.attempt:
            return True
        await asyncio.sleep(_LOOK_EVERY)
    return True


def _duration(seconds: float) -> Duration:
    return Duration(nanos=int(seconds * 1e9)) if seconds < 1 else Duration(seconds=int(seconds))
