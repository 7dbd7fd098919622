"""Letting time pass, in one way whichever engine runs it.

Time is real until it is asked to skip: for a given time (``pass_time``), or from now on whenever nothing is under way
(``release``), which is what a wait for a result wants. Released too early, time would skip over the days in which
somebody was to send a signal. ``harness.servers.overdue`` ends a wait whose time does not skip.

What is under way in real time, in both engines: a workflow task that waits or runs, and an activity attempt. So the
timeouts of an attempt whose worker is dead take as long as declared, and the retry backoff after it is skipped.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig, WorkflowExecution
from temporalio.api.enums.v1 import FastForwardPollingResult, PendingActivityState
from temporalio.api.testservice.v1 import (
    LockTimeSkippingRequest,
    SleepRequest,
    TestServiceStub,
    UnlockTimeSkippingRequest,
)
from temporalio.api.workflow.v1 import WorkflowExecutionOptions

from harness.errors import RigError, UsageError
from harness.servers.engine import Engine
from harness.servers.frontend import Frontend
from harness.temporal.service import UNLIMITED

_SKIPS = 1_000_000
"""How often time may skip in one workflow; the server's own limit of 200 is less than a long retry ladder."""

_POLL_LIMIT = 60.0  # seconds for one long poll
_LOOK_EVERY = 0.05  # seconds
_SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
_COMPLETED = FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED
_FAILED = FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED
_OVER = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)


class Clock(Protocol):
    """The time of workflows in one namespace of a server that can skip time."""

    engine: str
    frontend: Frontend

    async def pass_time(self, workflow_id: str, duration: timedelta) -> None:
        """Let that much time pass for a workflow; return when it has, or when the workflow has ended.

        Timers, backoffs and timeouts that lie within it happen in their order.

        Raises:
            RigError: Somebody else moved the time meanwhile.
        """

    async def release(self, workflow_id: str) -> None:
        """Skip time from now on whenever nothing of the workflow is under way."""

    async def hold(self, workflow_id: str) -> None:
        """Skip no more time, unless ``pass_time`` is called."""

    async def now(self, workflow_id: str) -> datetime:
        """Return the workflow's time, in UTC."""


@asynccontextmanager
async def clock_of(engine: Engine, *, address: str, namespace: str) -> AsyncIterator[Clock]:
    """Open the clock of a namespace.

    Args:
        engine: The engine, as it is with the server that runs.
        address: Host and port of the server itself, not of a door.
        namespace: The namespace as the server knows it.

    Raises:
        UsageError: The engine cannot skip time, which is then not applicable.
    """
    if reason := engine.lacks("time skipping"):
        raise UsageError(f"letting time pass is not applicable: {reason}")
    async with Frontend(address=address, namespace=namespace) as frontend:
        if engine.own_clocks:
            yield _OwnClocks(frontend)
            return
        async with grpc.aio.insecure_channel(address, options=UNLIMITED) as channel:
            clock = _OneClock(frontend, TestServiceStub(channel))  # type: ignore[arg-type]  # the stub takes both kinds
            try:
                yield clock
            finally:
                await clock.close()


async def until_idle(clock: Clock, workflow_id: str) -> None:
    """Wait until nothing of a workflow is under way: no workflow task, and no activity but those in a backoff.

    A workflow that has ended is idle.
    """
    while True:
        described = await clock.frontend.call("DescribeWorkflowExecution", execution=_latest(workflow_id))
        busy = any(pending.state != _SCHEDULED for pending in described.pending_activities)
        if not busy and not described.HasField("pending_workflow_task"):
            return
        await asyncio.sleep(_LOOK_EVERY)


class _OwnClocks:
    """The engine ``dev``: each workflow has a clock of its own, set through its options."""

    engine = "dev"

    def __init__(self, frontend: Frontend) -> None:
        self.frontend = frontend
        self._released: set[str] = set()

    async def pass_time(self, workflow_id: str, duration: timedelta) -> None:
        name = str(uuid.uuid4())
        forward = FastForwardConfig(id=name)
        forward.duration.FromTimedelta(duration)
        if await self._set(workflow_id, _skipping(forward)):
            await self._until_forwarded(workflow_id, name)
            if workflow_id in self._released:  # the server holds time once it has arrived
                await self._set(workflow_id, _skipping())

    async def release(self, workflow_id: str) -> None:
        self._released.add(workflow_id)
        await self._set(workflow_id, _skipping())

    async def hold(self, workflow_id: str) -> None:
        self._released.discard(workflow_id)
        await self._set(workflow_id, TimeSkippingConfig(enabled=False))

    async def now(self, workflow_id: str) -> datetime:
        described = await self.frontend.call("DescribeWorkflowExecution", execution=_latest(workflow_id))
        extended = described.workflow_extended_info
        if not extended.HasField("time_skipping_info"):
            return datetime.now(UTC)
        return _moment(extended.time_skipping_info.current_time)

    async def _set(self, workflow_id: str, config: Any) -> bool:
        """Set a workflow's clock; return whether it is still open."""
        try:
            await self.frontend.call(
                "UpdateWorkflowExecutionOptions",
                workflow_execution=_latest(workflow_id),
                workflow_execution_options=WorkflowExecutionOptions(time_skipping_config=config),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            )
        except grpc.aio.AioRpcError as error:
            if error.code() not in _OVER:
                raise
            return False
        return True

    async def _until_forwarded(self, workflow_id: str, name: str) -> None:
        while True:
            reply = await self.frontend.call(
                "PollWorkflowExecutionTimeSkipping",
                limit=_POLL_LIMIT,
                workflow_execution=_latest(workflow_id),
                fast_forward_id=name,
            )
            if reply.fast_forward_polling_result == _COMPLETED or "execution ended" in reply.failed_reason:
                return
            if reply.fast_forward_polling_result == _FAILED:
                raise RigError(f"the time of workflow {workflow_id!r} was not moved: {reply.failed_reason}")


class _OneClock:
    """The engine ``time-skipping``: one clock, which skips while it is unlocked; it moves for every workflow."""

    engine = "time-skipping"

    def __init__(self, frontend: Frontend, service: Any) -> None:
        self.frontend = frontend
        self._service = service
        self._released = False

    async def pass_time(self, workflow_id: str, duration: timedelta) -> None:
        request = SleepRequest()
        request.duration.FromTimedelta(duration)
        await self._service.UnlockTimeSkippingWithSleep(request)

    async def release(self, workflow_id: str) -> None:
        if not self._released:
            await self._service.UnlockTimeSkipping(UnlockTimeSkippingRequest())
            self._released = True

    async def hold(self, workflow_id: str) -> None:
        if self._released:
            await self._service.LockTimeSkipping(LockTimeSkippingRequest())
            self._released = False

    async def now(self, workflow_id: str) -> datetime:
        return _moment((await self._service.GetCurrentTime(Empty())).time)

    async def close(self) -> None:
        """Lock the clock again if it was unlocked."""
        with suppress(grpc.aio.AioRpcError):  # the server is gone, and its clock with it
            await self.hold("")


def _skipping(forward: Any = None) -> Any:
    return TimeSkippingConfig(enabled=True, fast_forward_config=forward, max_session_skip_count=_SKIPS)


def _latest(workflow_id: str) -> Any:
    return WorkflowExecution(workflow_id=workflow_id)


def _moment(timestamp: Any) -> datetime:
    return timestamp.ToDatetime(tzinfo=UTC)  # type: ignore[no-any-return]
