"""The end of a trial: its workflow has closed, its work is over, it cannot go on, or its time is up."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from math import inf
from typing import Any

from harness.doors.wire.known_runs import KnownRun
from harness.errors import RigError, UsageError, nearest
from harness.faults.client_actions import RUNS_ANEW
from harness.faults.fault import Fault
from harness.processes.process import Process
from harness.records.act_facts import ClientCall
from harness.records.evidence import End
from harness.records.lag import lag_of
from harness.records.message_facts import ActivityFailed, WorkflowTaskFailed
from harness.records.point import CLOSES_ACTIVITY, GOODBYE
from harness.records.tape import Entry
from harness.servers.overdue import waiting_for
from harness.temporal.task_failure import is_unregistered, registered_types, takes_otherwise
from harness.trial.deadline import Bounds
from harness.trial.ended_well import ended_well
from harness.trial.idle import NOBODY, wait_until_idle
from harness.trial.stage import TrialStage
from harness.trial.stuck import StuckWorkflows
from harness.trial.taken_messages import dropped_in, unknown_to
from harness.trial.unserved import UnservedActivities

_SENT = ("signal", "update")
_WHOLE_LIMIT = 15.0  # seconds for a zombie to say its last words, or for a server to be back
_NEXT_START_LIMIT = 3.0  # seconds for a program whose work has closed to start more, or to end
_CLOSE_LIMIT = 3.0  # seconds for the news that the work of a program that has failed has closed
_WAIT_LIMIT = 10.0  # seconds for somebody to end a wait that nothing else ends
_ALONE_LIMIT = 2.0  # seconds of it where nobody will
_NEWS_LIMIT = 60.0  # seconds for the news that all has closed: a server that missed to tell it is asked anew after 20
_LONGEST = 300  # characters of a failure
_DROPPED_LINES = 200  # that the SDK writes when it drops a signal, and others after it
_ANSWER_LIMIT = 15.0  # seconds for the answer to the message that closed the workflow
_SENT_LIMIT = 5.0  # seconds for the answers to what was sent before that

_CONNECTS = re.compile("connect", re.IGNORECASE)
_ELSEWHERE = " (does it go where OPENAI_BASE_URL, ANTHROPIC_BASE_URL or EFFECTS_URL lead, or elsewhere?)"


class TrialEnd:
    """Waits for the end of one trial, and says which it is.

    Args:
        place: The stage of the trial.
        bounds: After how long it is ended.
        is_baseline: Whether no strike is made, so that a worker that ends by itself is a mistake of the user's.
        may_exit: Whether the worker may exit with status 0 by itself: it starts its own work.
        faults: The faults that are made in it.
    """

    def __init__(
        self,
        place: TrialStage,
        *,
        bounds: Bounds,
        is_baseline: bool,
        may_exit: bool,
        faults: Sequence[Fault] = (),
    ) -> None:
        self._place = place
        self._stage = place.stage
        self._bounds = bounds
        self._is_baseline = is_baseline
        self._may_exit = may_exit
        self._faults = faults
        self._all_closed = asyncio.Event()

    async def wait(self) -> tuple[End, str]:
        """Wait for the end of every execution of the work; return which end it is, and why.

        Raises:
            UsageError: The worker does not know a type of the scenario's, or its workflow a signal or an update.
            RigError: A process or a server of crashproof's failed.
        """
        driver = self._place.driver
        waits = (self._closed(), driver.over.wait(), self._broken(), self._waits(), self._never_served())
        watching = [_task(each) for each in waits]
        try:
            done = await self._first(watching)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
        if not done:
            self._stage.tape.note("deadline")
            entries = self._stage.tape.entries
            why = begins_anew(self._stage.attribution.runs) or fails_again(entries, undisturbed=self._is_baseline)
            late = f"not over {self._deadline():.0f} s after the work began{why and f'; {why}'}"
            return "deadline", f"{late}; {await self._waiting_for()}" if self._place.clock else late
        first = min(done, key=watching.index)
        reason = first.result()
        if first is watching[1]:
            self._stage.tape.note("over")
            return "over", ""
        if first is watching[3]:
            return self._waits_for_nobody(str(reason))
        if first is watching[4]:
            self._stage.tape.note("deadline")
            return "deadline", str(reason)
        return ("closed", "") if first is watching[0] else ("stopped", str(reason))

    def _waits_for_nobody(self, waiting: str) -> tuple[End, str]:
        """Return how work ends that waits for somebody: too late, where all was sent that it is to be sent."""
        if not self._is_baseline:
            self._stage.tape.note("over")
            return "over", waiting
        entries = self._stage.tape.entries
        sent = [call.name for entry in entries if (call := entry.facts_as(ClientCall)) and entry.operation in _SENT]
        if not waiting.startswith(NOBODY):
            at = timer_started(entries)
            return "stopped", f"{waiting}: let time pass by sends=[let_pass(until='the timer fires', at={at!r})]"
        if not sent:
            return "stopped", f"{waiting} that nobody sends"
        self._stage.tape.note("deadline")
        return "deadline", f"{waiting}, though all that the scenario sends was sent: {', '.join(dict.fromkeys(sent))}"

    async def _waits(self) -> str:
        """Wait until the work waits for somebody who will not come, and say so; for ever where that cannot be known.

        Under a fault that lets nobody come, waiting is right. A timer that time is not skipped for counts as waiting.
        """
        nobody = any(fault.ends == "its own way" for fault in self._faults)
        executions = self._stage.attribution.executions.values()
        someone = self._place.driver.starter_runs or self._may_exit or not executions
        if someone or any(run.is_activity for run in executions) or not (nobody or self._is_baseline):
            await asyncio.Event().wait()
        if not nobody:
            waiting = await self._idle(_ALONE_LIMIT, timers_end=True)
            if refused := await self._refused():
                return f"{waiting}; {refused}"
        return await self._idle(
            _ALONE_LIMIT if nobody else _WAIT_LIMIT, timers_end=bool(self._place.clock) or not nobody
        )

    async def _idle(self, seconds: float, *, timers_end: bool) -> str:
        executions = list(self._stage.attribution.executions)
        return await wait_until_idle(
            self._stage.frontend,
            executions,
            tape=self._stage.tape,
            seconds=seconds,
            timers_end=timers_end,
            # A longer one does not fire before the deadline, however late a busy machine makes that.
            longest=self._bounds.put_off(inf) if self._is_baseline and not self._place.clock else inf,
            closed=_NEWS_LIMIT,
        )

    async def _refused(self) -> str:
        """Say which message that was sent the workflow refused; an empty text where it took all.

        Raises:
            UsageError: It does not know one, or cannot decode what one was sent with.
        """
        sent = self._sent()
        if failed := next((f"{kind} {call.name} failed: {call.failure}" for kind, call in sent if call.failure), ""):
            return failed
        await self.look_at_what_was_sent()
        process = self._stage.registry.process
        if sent and process and (dropped := dropped_in(process.log_tail(_DROPPED_LINES))):
            raise UsageError(dropped)
        return ""

    async def look_at_what_was_sent(self) -> None:
        """See whether the workflows know what they were sent, where their worker still lives to say so.

        Raises:
            UsageError: One does not: it was dropped, and what it should lead to was not tried.
        """
        process = self._stage.registry.process
        for run in list(self._stage.attribution.executions.values()):
            sent = [each for each in self._sent() if each[1].workflow_id == run.workflow_id]
            # A signal that failed came when the work had closed; an update fails for being unknown, too.
            names = {call.name: kind for kind, call in sent if kind == "update" or not call.failure}
            answers = names and not run.is_activity and process is not None and process.alive
            if answers and (unknown := await unknown_to(self._place.driver.client, run.workflow_id, names)):
                raise UsageError(unknown)

    def _sent(self) -> list[tuple[str, ClientCall]]:
        """Return what crashproof has sent to the work, each with its kind."""
        calls = [(each.operation, call) for each in self._stage.tape.entries if (call := each.facts_as(ClientCall))]
        return [(kind, call) for kind, call in calls if kind in _SENT]

    async def _first(self, watching: list[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
        """Wait for one of several things until the deadline, which a busy machine puts off; return what has come."""
        begun, done = time.monotonic(), set[asyncio.Task[Any]]()
        while not done and (left := begun + self._deadline() - time.monotonic()) > 0:
            done, _ = await asyncio.wait(watching, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return done

    def _deadline(self) -> float:
        return self._bounds.put_off(lag_of(self._stage.tape.entries))

    async def _waiting_for(self) -> str:
        assert self._place.clock is not None
        waiting = [await waiting_for(self._place.clock, each) for each in self._stage.attribution.executions]
        return "\n".join(waiting).replace("\n", "; ")

    async def _closed(self) -> None:
        """Wait until every execution has closed."""
        followed = set[str]()
        while following := await self._to_follow(followed):
            await self._chain_closed(following)
            followed.add(following.workflow_id)
            await self._place.beginning.start_next()
        self._all_closed.set()
        await self._answered()
        anew = any(isinstance(fault.action, RUNS_ANEW) for fault in self._faults)
        await self._stage.nemesis.whole(timeout=self._bounds.limit if anew else _WHOLE_LIMIT)
        await self._place.driver.answered(timeout=_SENT_LIMIT)

    async def _to_follow(self, followed: set[str]) -> KnownRun | None:
        """Return the first run of an execution that is not followed yet, or None once there will be no more.

        A program of the user's own may go on to start another. In an undisturbed run it is waited for whether it ends,
        or does; as many as there were are then waited for in every trial.
        """
        executions, tape = self._stage.attribution.executions, self._stage.tape
        deadline = time.monotonic() + _NEXT_START_LIMIT
        while not (new := executions.keys() - followed):
            enough = len(executions) >= self._bounds.executions and not self._is_baseline
            if enough or not self._may_start() or (self._is_baseline and time.monotonic() > deadline):
                return None
            await tape.changed(timeout=0.2)
            executions = self._stage.attribution.executions
        return next(run for workflow_id, run in executions.items() if workflow_id in new)

    def _may_start(self) -> bool:
        """Tell whether a program of the user's own may start more work: it has not ended, or will be started again."""
        has_ended = self._ended_well(self._stage.registry.process)
        return (self._may_exit and not has_ended) or self._place.driver.starter_runs

    def _ended_well(self, process: Process | None) -> bool:
        if process is None or process.exit_status is None:
            return False
        number = self._stage.registry.number
        said = any(entry.operation == GOODBYE and entry.worker == number for entry in self._stage.tape.entries)
        return ended_well(process, said_goodbye=said)

    async def _chain_closed(self, root: KnownRun) -> None:
        """Wait until the whole chain that begins with a run has closed: continued runs are followed."""
        if root.is_activity:
            await self._stage.frontend.activity_closed(activity_id=root.workflow_id, run_id=root.run_id)
            return
        run_id = root.run_id
        while run_id:
            event = await self._stage.frontend.close_event(workflow_id=root.workflow_id, run_id=run_id)
            attributes = getattr(event, event.WhichOneof("attributes"))
            run_id = getattr(attributes, "new_execution_run_id", "")

    async def _answered(self) -> None:
        """Wait for the answer to the message that closed the workflow: the news of the close may overtake it.

        A strike after that message would otherwise be made or not made by chance.
        """
        deadline = time.monotonic() + _ANSWER_LIMIT
        tape = self._stage.tape
        while any(map(tape.unanswered, self._closing())) and time.monotonic() < deadline:
            await self._stage.tape.changed(timeout=0.2)

    def _closing(self) -> tuple[str, ...]:
        """Return the operations of messages that can close the work."""
        without = any(run.is_activity for run in self._stage.attribution.executions.values())
        return CLOSES_ACTIVITY if without else ("RespondWorkflowTaskCompleted",)

    async def _broken(self) -> str:
        """Wait until the trial cannot go on, and say why."""
        looked, tape, stuck = 0, self._stage.tape, StuckWorkflows()
        changed = any(fault.changes_code for fault in self._faults)
        while True:
            if tape.failure:
                raise tape.failure
            for entry in tape.entries[looked:]:
                run = self._stage.attribution.runs.get(entry.run_id)
                alone = run is not None and run.is_activity
                if alone and self._is_baseline:
                    _takes_its_arguments(entry)
                if reason := (not changed and _unregistered(entry, alone=alone)) or stuck.why_stuck(entry):
                    return reason
            looked = len(tape.entries)
            process = self._stage.registry.process if self._stage.workers.exited.is_set() else None
            if process and ((process.exit_status and not self._ended_well(process)) or not self._may_exit):
                if self._may_exit and await self._closes():
                    await asyncio.Event().wait()
                log = process.log_tail(8)
                if self._is_baseline:
                    raise RigError(f"the worker exited by itself with status {process.exit_status}", log=log)
                return f"the worker exited by itself with status {process.exit_status}: {log.strip()[-400:]}"
            await tape.changed(timeout=1.0)

    async def _closes(self) -> bool:
        """Tell whether the work has closed, whose end a program that starts it may have failed with."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT):
                await self._all_closed.wait()
        return self._all_closed.is_set()

    async def _never_served(self) -> str:
        """Wait until undisturbed work asks again and again, without end, for what cannot be served; say which."""
        if not self._is_baseline:
            await asyncio.Event().wait()
        looked, tape, unserved = 0, self._stage.tape, UnservedActivities()
        while True:
            if reason := next(filter(None, map(unserved.why_over, tape.entries[looked:])), ""):
                return reason
            looked = len(tape.entries)
            await tape.changed(timeout=1.0)


def timer_started(entries: Sequence[Entry]) -> str:
    """Return the point at which the last timer was started, as a scenario names it; ``start`` where none was seen."""
    points = (entry.point for entry in reversed(entries) if entry.kind == "reply")
    started = next((each for each in points if each and "StartTimer" in each.subject), None)
    return started.at("after").id.removesuffix("/attempt-1") if started else "start"


def begins_anew(runs: Mapping[str, KnownRun]) -> str:
    """Say how one tells when work is over that begins anew whenever it ends; an empty text where it was one run."""
    if not any(run.root and "+" in run.path for run in runs.values()):
        return ""
    return "it begins anew whenever it ends: --over 'after/RespondWorkflowTaskCompleted/*+2*' says when it is over"


def fails_again(entries: Iterable[Entry], *, undisturbed: bool = False) -> str:
    """Say which activity has failed last, how often and how; an empty text where each that failed has succeeded.

    Args:
        entries: The tape of the trial.
        undisturbed: Whether nothing was struck, so that an address where nobody answers is none of a door.
    """
    failures: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        activity = (entry.run_id, entry.activity_id)
        if entry.kind == "request" and entry.facts_as(ActivityFailed):
            failures.setdefault(activity, []).append(entry)
        elif entry.kind == "request" and entry.operation == "RespondActivityTaskCompleted":
            failures.pop(activity, None)
    attempts = max(failures.values(), key=lambda each: each[-1].at, default=[])
    last = attempts[-1].facts_as(ActivityFailed) if attempts else None
    if last is None or (point := attempts[-1].point) is None:
        return ""
    message = next(iter(last.failure.message.strip().splitlines()), last.failure.type)
    times = f"{len(attempts)} times" if len(attempts) > 1 else "once"
    nobody = undisturbed and _CONNECTS.search(f"{last.failure.type} {message}")
    return f"{point.subject} has failed {times}, last with: {message[:_LONGEST]}{_ELSEWHERE if nobody else ''}"


def _task(waiting: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.create_task(waiting)


def _takes_its_arguments(entry: Entry) -> None:
    """Raise UsageError if a worker says that an activity without a workflow takes other arguments than it was given."""
    failed = entry.facts_as(ActivityFailed) if entry.kind == "request" else None
    activity = entry.point.subject if entry.point else ""
    if failed and takes_otherwise(failed.failure.message, activity):
        words = f"the activity {activity} does not take what it is started with: {failed.failure.message}"
        raise UsageError(f"{words}; give its arguments with --input, in a scenario start_activity({activity!r}, ...)")


def _unregistered(entry: Entry, *, alone: bool) -> str:
    """Say which activity a worker was given that it does not have, or return an empty text; no strike is to blame.

    Args:
        entry: What the worker says.
        alone: Whether it says that of an activity that no workflow scheduled.

    Raises:
        UsageError: It does not have what was started, so that nothing of the scenario's can be tried.
    """
    failed = entry.facts_as(WorkflowTaskFailed) or entry.facts_as(ActivityFailed)
    if failed is None or entry.kind != "request" or not is_unregistered(message := failed.failure.message):
        return ""
    if isinstance(failed, ActivityFailed) and not alone:
        return f"the worker has no such activity: {message}"
    if not alone and entry.point and "/" in entry.point.workflow:
        return ""  # a child, whose workflow task is found to fail again and again
    asked = message.partition("Activity function " if alone else "class ")[2].partition(" ")[0]
    hint = nearest(asked, registered_types(message)) if asked else ""
    raise UsageError(f"the worker has no such {'activity' if alone else 'workflow'}: {message}{hint}")
