"""The end of a wait whose time does not skip: it says what is under way and what is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc.aio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState

from harness.errors import RigError
from harness.servers.clock import Clock
from harness.servers.frontend import Frontend

_LOOK_LIMIT = 20.0  # seconds

_SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED


@asynccontextmanager
async def skips_within(
    clock: Clock, workflow_id: str, *, limit: float, what: str = "the result"
) -> AsyncIterator[None]:
    """End a wait whose time does not skip.

    Args:
        clock: The clock that should skip.
        workflow_id: The workflow that is waited for.
        limit: Longest real time in seconds.
        what: What is waited for.

    Raises:
        RigError: It took longer; the message says what is under way and what the workflow waits for.
    """
    deadline = asyncio.timeout(limit)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        raise RigError(
            f"waited {limit:g} s for {what} of workflow {workflow_id!r}, and its time did not skip that far",
            log=await waiting_for(clock, workflow_id),
        ) from None


async def waiting_for(clock: Clock, workflow_id: str) -> str:
    """Return what a workflow is waiting for, one thing a line: what is under way, its backoffs and its timers."""
    lines = [f"engine: {clock.engine}"]
    try:
        async with asyncio.timeout(_LOOK_LIMIT):
            now = await clock.now(workflow_id)
            ahead = now - datetime.now(UTC)
            lines.append(f"its time: {now.isoformat(timespec='seconds')} ({ahead.total_seconds():+.0f} s)")
            lines += await _waiting(clock, workflow_id, now)
    except grpc.aio.AioRpcError as error:
        lines.append(f"the server does not tell more: {error.details()}")
    except TimeoutError:
        lines.append(f"the server did not tell more within {_LOOK_LIMIT:g} s")
    return "\n".join(lines)


async def _waiting(clock: Clock, workflow_id: str, now: datetime) -> list[str]:
    execution = WorkflowExecution(workflow_id=workflow_id)
    described = await clock.frontend.call("DescribeWorkflowExecution", execution=execution)
    if described.workflow_execution_info.HasField("close_time"):
        return ["the workflow is closed"]
    lines = [_activity(pending, now) for pending in described.pending_activities]
    if described.HasField("pending_workflow_task"):
        task = described.pending_workflow_task
        state = PendingWorkflowTaskState.Name(task.state).removeprefix("PENDING_WORKFLOW_TASK_STATE_").lower()
        lines.append(f"workflow task: {state}, attempt {task.attempt}: time stands while it is under way")
    lines += [
        f"child workflow {child.workflow_id!r} ({child.workflow_type_name}) is open"
        for child in described.pending_children
    ]
    lines += [
        f"timer {each} of {duration}" for each, duration in (await open_timers(clock.frontend, workflow_id)).items()
    ]
    return lines or ["neither activity, workflow task nor timer: it waits for a signal or an update, or for nothing"]


def _activity(pending: Any, now: datetime) -> str:
    """Return one pending activity: under way, or waiting for its next attempt."""
    named = f"activity {pending.activity_type.name} ({pending.activity_id}), attempt {pending.attempt}"
    state = PendingActivityState.Name(pending.state).removeprefix("PENDING_ACTIVITY_STATE_").lower()
    due = (pending.scheduled_time.ToDatetime(tzinfo=UTC) - now).total_seconds()
    if pending.state == _SCHEDULED and due > 0:
        return f"{named}: backoff, due in {due:.1f} s of its time"
    return f"{named}: {state}: time stands while it is under way"


async def until_first_timer(clock: Clock, workflow_id: str) -> timedelta:
    """Return the time until the first of a workflow's timers fires; none where it is due already.

    Raises:
        RigError: It has started no timer that has not fired; the message says what it waits for.
    """
    now, due = await clock.now(workflow_id), list[datetime]()
    events = await clock.frontend.history(workflow_id=workflow_id, run_id="")
    timers = await open_timers(clock.frontend, workflow_id)
    for event in events:
        timer = event.get("timerStartedEventAttributes", {})
        if timer.get("timerId") in timers:
            seconds = timedelta(seconds=float(timer["startToFireTimeout"].removesuffix("s")))
            due.append(datetime.fromisoformat(event["eventTime"]) + seconds)
    if not due:
        waiting = await waiting_for(clock, workflow_id)
        raise RigError(f"time was to pass until a timer of {workflow_id!r} fires, and none is open", log=waiting)
    return max(timedelta(), min(due) - now)


async def open_timers(frontend: Frontend, workflow_id: str) -> dict[str, str]:
    """Return the duration of each timer that was started and has neither fired nor been cancelled."""
    events = await frontend.history(workflow_id=workflow_id, run_id="")
    started = {}
    for event in events:
        if timer := event.get("timerStartedEventAttributes"):
            started[timer["timerId"]] = timer["startToFireTimeout"]
        for over in ("timerFiredEventAttributes", "timerCanceledEventAttributes"):
            started.pop(event.get(over, {}).get("timerId"), None)
    return started
