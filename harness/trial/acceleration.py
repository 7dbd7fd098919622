"""Acceleration: after a strike, ask the server to let the dead attempt's timeouts happen now instead of later.

Three public calls of Temporal, none of which touches the worker or what the history declares: ResetStickyTaskQueue
(else the next workflow task waits 10 s for the dead worker's sticky queue), UpdateActivityOptions with short timeouts
on the attempt that was running (which then times out genuinely), and the same call with ``restore_original`` as soon
as the next attempt is running.

The story of one attempt whose worker process is dead; each step waits for the one before it::

    1  the sticky queue of the run is reset: the next workflow task goes to any worker
    2  the pending activities are looked up: those that are started were in a process's hands
    3  the declared options are kept, so that the door can tell the next process the declared timeouts
    4  the timeout that would have noticed the loss is cut down to seconds; where schedule-to-close would be over before
       the next attempt, that one is, and none comes
    5  it happens, genuinely: the server schedules the next attempt after the declared backoff
    6  the next process polls and is handed that attempt; the door puts the declared timeouts back into the answer
    7  the attempt is seen to run: the declared options are restored on the server
    8  they are forgotten: from here on the door changes nothing

What a loss in between leaves. A process struck again between 3 and 7 begins a story of its own for the same activity;
of the two only the later one restores and forgets (7, 8), so that an attempt that is already under short timeouts is
not taken for the declared one. An attempt that ends between 2 and 4 is not found any more, and nothing is left to do.
The server killed before 7 ends the story with its error where it is not expected. Where no next attempt comes (5: the
retry policy allows none), the activity is no longer pending, and there is nothing to restore.

Measured on server 1.29.1: ``restore_original`` during the backoff would make the server count the next attempt's
schedule from the year 1970, which a worker reads in ``activity.info()`` and a schedule-to-start timeout runs into, and
forget the failure of the attempt before. So it waits for the next attempt to run. That attempt is under the short
timeouts until then, a few milliseconds where the door sees it handed out: they are long enough for a busy machine, and
the door tells the worker the declared ones.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import PendingActivityState

from harness.records.act_facts import TimeoutAccelerated
from harness.servers.frontend import Frontend
from harness.servers.pending import RunOnServer, pending_activities, update_options
from harness.trial import next_attempt

_TIMEOUT = timedelta(seconds=2)
"""What the timeout of a dead attempt is cut down to."""

_LOOK_FIRST, _LOOK_EVERY = 0.05, 0.5  # seconds: after a first look, and at most between two
_ON_ITS_WAY = 1.0  # seconds for an answer of the server to reach the worker

_ENDED = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)
"""What the server says of a run, or of an activity, that has ended meanwhile; the second of one without a workflow."""

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
        self._latest: dict[tuple[str, str], tuple[int, int]] = {}  # worker and attempt of the last one timed out
        self._next_seen: defaultdict[tuple[str, str], asyncio.Event] = defaultdict(asyncio.Event)
        self._skipped: defaultdict[tuple[str, str], timedelta] = defaultdict(timedelta)
        self._changing: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def recover(self, *, executions: list[RunOnServer], worker: int) -> None:
        """Recover from the loss of a worker process; return when every timeout has happened.

        Args:
            executions: Every run that may be open.
            worker: Number of the worker process that is dead or stopped.
        """
        await asyncio.gather(*(self._recover_run(run, worker) for run in executions))

    async def recover_activity(self, *, run: RunOnServer, activity_id: str, worker: int, running: bool) -> None:
        """Let the running attempt of one activity time out; return when it has.

        Args:
            run: The run that it belongs to.
            activity_id: Activity id.
            worker: Number of the worker process that it was handed to.
            running: Whether that process is at work on it, so that no missing heartbeat can end it.
        """
        for pending in await self._started(run):
            if pending.activity_id == activity_id:
                await self._recover_activity(run, pending, worker, running=running)

    async def recover_unheard(
        self,
        *,
        executions: list[RunOnServer],
        in_hand: Callable[[], set[tuple[str, str, int]]],
        worker: int,
    ) -> None:
        """Let the attempts time out that the server has handed out and that no worker process has heard of.

        Args:
            executions: Every run that may be open.
            in_hand: Gives run id, activity id and attempt of what worker processes have heard of.
            worker: Number of the worker process that runs.
        """
        before = await self._handed_out(executions)
        lost = set(before) - in_hand()
        if not lost:
            return
        # What was handed out just now may still be on its way.
        await asyncio.sleep(_ON_ITS_WAY)
        again = await self._handed_out(executions)
        lost = lost & set(again) - in_hand()
        await asyncio.gather(*(self._recover_activity(*again[key], worker) for key in lost))

    def mend(self, operation: str, reply: Any) -> bool:
        """Take out of a poll answer what acceleration has left in it; tell whether there was something."""
        if operation != "PollActivityTaskQueue" or not reply.task_token:
            return False
        run_id = reply.workflow_execution.run_id or getattr(reply, "activity_run_id", "")
        declared = self._declared.get((run_id, reply.activity_id))
        if declared is None:
            return False
        declare(reply, declared)
        self._next_seen[run_id, reply.activity_id].set()
        return True

    async def _recover_run(self, run: RunOnServer, worker: int) -> None:
        try:
            if not run.is_activity:
                await self._frontend.call("ResetStickyTaskQueue", execution=run.execution)
            started = await self._started(run)
        except grpc.aio.AioRpcError as error:
            if error.code() in _ENDED:
                return
            raise
        await asyncio.gather(*(self._recover_activity(run, pending, worker) for pending in started))

    async def _handed_out(self, executions: list[RunOnServer]) -> dict[tuple[str, str, int], tuple[RunOnServer, Any]]:
        """Return the run and the pending activity of each attempt that the server holds to be running."""
        attempts = {}
        for run in executions:
            for pending in await self._started(run):
                attempts[run.run_id, pending.activity_id, pending.attempt] = (run, pending)
        return attempts

    async def _started(self, run: RunOnServer) -> list[Any]:
        return [each for each in await pending_activities(self._frontend, run) if each.state == _STARTED]

    async def _recover_activity(self, run: RunOnServer, pending: Any, worker: int, *, running: bool = False) -> None:
        done = TimeoutAccelerated(
            what="activity",
            workflow_id=run.workflow_id,
            activity_id=pending.activity_id,
            attempt=pending.attempt,
        )
        key, latest = (run.run_id, pending.activity_id), (worker, pending.attempt)
        changing = self._changing[key]
        try:
            async with changing:
                if key in self._latest:  # what is declared may have been put back since this was asked
                    now = next((each for each in await self._started(run) if _same(each, pending)), None)
                    if now is None:
                        return
                    pending = now
                self._declared.setdefault(key, pending.activity_options)
                self._latest[key] = latest
                await self._shorten(run, pending, running=running)
            self._note("accelerate", worker=worker, facts=done)
            if await self._next_attempt(run, pending):
                async with changing:
                    if self._latest[key] == latest:
                        await update_options(self._frontend, run, pending.activity_id, restore_original=True)
                        self._note("accelerate", worker=worker, facts=msgspec.structs.replace(done, what="restored"))
        except grpc.aio.AioRpcError as error:
            if error.code() not in _ENDED:
                raise
        finally:
            if self._latest.get(key) == latest:
                self._declared.pop(key, None)

    async def _shorten(self, run: RunOnServer, pending: Any, *, running: bool) -> None:
        """Cut down the timeout that would have noticed the loss, so that it is the same one that happens.

        Where schedule-to-close would be over by then, or before the next attempt, it is that one.
        """
        declared, key = pending.activity_options, (run.run_id, pending.activity_id)
        heartbeat = declared.heartbeat_timeout.ToTimedelta()
        longest = declared.start_to_close_timeout.ToTimedelta()
        sooner = heartbeat and (heartbeat < longest or not longest) and not running
        name = "heartbeat_timeout" if sooner else "start_to_close_timeout"
        if timedelta() < getattr(declared, name).ToTimedelta() <= _TIMEOUT:
            return
        cut_down = _TIMEOUT
        if next_attempt.comes(pending, name, skipped=self._skipped[key]):
            self._skipped[key] += getattr(declared, name).ToTimedelta() - _TIMEOUT
        else:
            since = next_attempt.seen_last(pending, name) - next_attempt.scheduled(pending)
            name, cut_down = "schedule_to_close_timeout", since + _TIMEOUT
        options = ActivityOptions()
        getattr(options, name).FromTimedelta(cut_down)
        mask = FieldMask(paths=[name])
        await update_options(self._frontend, run, pending.activity_id, activity_options=options, update_mask=mask)

    async def _next_attempt(self, run: RunOnServer, pending: Any) -> bool:
        """Wait until the next attempt is running; tell whether there is one.

        The door sees one that is handed out. That there is none is seen by looking, which is dear for the server too:
        less and less often.
        """
        handed_out, pause = self._next_seen[run.run_id, pending.activity_id], _LOOK_FIRST
        while True:
            handed_out.clear()
            seen = await pending_activities(self._frontend, run)
            activities = [each for each in seen if each.activity_id == pending.activity_id]
            if not activities:
                return False
            if activities[0].attempt > pending.attempt and activities[0].state == _STARTED:
                return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await handed_out.wait()
            pause = min(2 * pause, _LOOK_EVERY)


def declare(said: Any, declared: Any) -> None:
    """Put the declared timeouts in place of those that acceleration may have left in what the server says.

    Args:
        said: A poll answer, or what is said of an activity that no workflow scheduled.
        declared: Its options, or a task of it, with the timeouts as they were declared; None: they are not known.
    """
    if declared is not None:
        said.start_to_close_timeout.CopyFrom(declared.start_to_close_timeout)
        said.heartbeat_timeout.CopyFrom(declared.heartbeat_timeout)


def _same(one: Any, other: Any) -> bool:
    """Tell whether two pending activities are the same attempt of one."""
    return bool((one.activity_id, one.attempt) == (other.activity_id, other.attempt))
