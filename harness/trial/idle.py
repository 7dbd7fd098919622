"""Workflows that wait for somebody: nothing of them is under way, nor will be unless somebody sends something."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta
from math import inf

import grpc.aio
from temporalio.api.common.v1 import WorkflowExecution

from harness.servers.frontend import Frontend
from harness.servers.overdue import open_timers
from harness.trial.live_tape import LiveTape

_LOOK_EVERY = 0.5  # seconds
_MOST_BETWEEN = 1.0  # seconds that count from one look to the next: in more of them the machine stood still, as did all

_CLOSED = "it has closed"

NOBODY = "no activity, workflow task or timer is open: it waits for a signal or an update"
"""What work waits for that somebody must end."""


async def wait_until_idle(
    frontend: Frontend,
    workflow_ids: Iterable[str],
    *,
    tape: LiveTape,
    seconds: float,
    timers_end: bool,
    longest: float = inf,
    closed: float = 0.0,
) -> str:
    """Wait until workflows have waited for somebody for so long; return what they wait for.

    Args:
        frontend: The server.
        workflow_ids: The workflows.
        tape: Where whatever somebody does is put down; that a busy machine lags is nothing that somebody does.
        seconds: How long nothing must have been under way in any of them.
        timers_end: Whether a timer can end the wait; else it counts as waiting, too.
        longest: Seconds of the longest timer that can.
        closed: Seconds that count instead, if they are more, where all have closed: the news of it may be late.
    """
    ids = list(workflow_ids)
    looked, waited, last = -1, 0.0, time.monotonic()
    while True:
        waits = [await _waits(frontend, each, timers_end=timers_end, longest=longest) for each in ids]
        idle = all(each is not None for each in waits)
        seen = sum(entry.operation != "lag" for entry in tape.entries)
        now = time.monotonic()
        waited = waited + min(now - last, _MOST_BETWEEN) if idle and seen == looked else 0.0
        looked, last = seen, now
        if waited > (max(seconds, closed) if all(each == _CLOSED for each in waits) else seconds):
            return next((each for each in waits if each and each != _CLOSED), NOBODY)
        await asyncio.sleep(_LOOK_EVERY)


async def waits_for_somebody(frontend: Frontend, workflow_id: str, *, tape: LiveTape, seconds: float) -> bool:
    """Wait until a workflow has waited for somebody for so long, be a timer open or not; False once it has closed.

    Args:
        frontend: The server.
        workflow_id: The workflow.
        tape: See ``wait_until_idle``.
        seconds: How long nothing of it must have been under way.
    """
    while True:
        await wait_until_idle(frontend, [workflow_id], tape=tape, seconds=seconds, timers_end=False)
        try:
            described = await frontend.call(
                "DescribeWorkflowExecution", execution=WorkflowExecution(workflow_id=workflow_id)
            )
        except grpc.aio.AioRpcError:  # the server was killed meanwhile
            continue
        return not described.workflow_execution_info.HasField("close_time")


async def _waits(frontend: Frontend, workflow_id: str, *, timers_end: bool, longest: float) -> str | None:
    """Return what a workflow of which nothing is under way waits for; None where something is.

    An empty text where it waits for somebody, ``_CLOSED`` where it has closed.
    """
    try:
        described = await frontend.call(
            "DescribeWorkflowExecution", execution=WorkflowExecution(workflow_id=workflow_id)
        )
    except grpc.aio.AioRpcError:
        return None
    if described.workflow_execution_info.HasField("close_time"):
        return _CLOSED
    if described.pending_activities or described.pending_children or described.HasField("pending_workflow_task"):
        return None
    timers = [float(text.removesuffix("s")) for text in (await open_timers(frontend, workflow_id)).values()]
    if not timers or not timers_end:
        return ""
    if min(timers) <= longest:
        return None
    return f"it waits for a timer of {timedelta(seconds=round(min(timers)))}"
