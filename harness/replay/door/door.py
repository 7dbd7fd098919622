"""The replay door: hands every workflow task of recorded histories to a worker once more, and returns its answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import replace

from temporalio.api.command.v1 import Command
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.certificate import Certificate
from harness.errors import RigError, nearest
from harness.processes.process import Process
from harness.processes.starting import wait_for_start
from harness.replay.conditions import Mode
from harness.replay.door.frontend import OfferedTask, ReplayFrontend, WorkerAnswer
from harness.replay.door.replayable_run import (
    RecordedTask,
    ReplayableRun,
    markers_of,
    replayable_run,
    with_markers_given,
    without_versions,
)
from harness.replay.door.task_answer import TaskAnswer, checked, heard, unasked, until_over
from harness.replay.prefixes import evenly_chosen
from harness.temporal import marker
from harness.temporal.sdk_flags import BUILT_ON_CORE

READY_LIMIT = 60.0
"""Seconds that a worker process may take from its start to its first poll; three times as many while it is at work."""

SECONDS_PER_EVENT = 0.005
"""Seconds by which the limit of a history grows with each event that is handed out of it."""

QUEUE_LIMIT = 3.0
"""Seconds that a worker has, from its first poll of any task queue, to poll the one that is wanted."""

_REASONS = {
    "made anew": "a local activity or side effect ran in this task, and the worker would run it again; "
    "the next task replays it",
    "newer rules": "the worker's SDK decides by newer rules than the history's here; the next task replays it",
    "versions": "the worker takes the branch of new executions at a versioned change here; the next task replays it",
}

_WITH_MARKERS_GIVEN = {marker.LOCAL_ACTIVITY, marker.PATCH}


class ReplayDoor:
    """Hands recorded histories to one worker process, without any server. An async context manager.

    The worker is started with ``address`` as its TEMPORAL_ADDRESS once the door is entered, and told to ``watch``.
    Workflow id, run id, workflow type, times and task queue are those of the recording; the namespace is the one that
    the worker asks for. Several histories may be replayed at once; those of one run id wait for each other, since the
    worker's cache is keyed by it.

    Args:
        task_queue: Task queue to hand all histories to; empty: the one that each was recorded on if the worker polls
            it, else the first that the worker polls.
        limit: Longest time in seconds that one answer may take; one second more for each 1,000 events.
        history_limit: Seconds after which nothing more is asked of one history in one mode; 5 ms more for each event
            that is handed out in it.
        at_once: How many histories are handed out at once; the others wait.
        address: Fixed ``host:port`` to listen on, for a worker that has it hard-coded; empty: a free port.
        certificate: The certificate with which it speaks TLS; None: it speaks none.
        cold_events: Most events that are handed out for one history cold, over all its tasks. Asking every prefix of a
            history takes time that grows with the square of its length: of a longer one, tasks are chosen evenly, the
            first and the last among them, and the others are told as ``unasked``.
    """

    def __init__(
        self,
        *,
        task_queue: str = "",
        limit: float = 20.0,
        history_limit: float = 30.0,
        at_once: int = 2,
        cold_events: int = 250_000,
        address: str = "",
        certificate: Certificate | None = None,
    ) -> None:
        self._task_queue = task_queue
        self._limit = limit
        self._history_limit = history_limit
        self._cold_events = cold_events
        self._turn = asyncio.Semaphore(at_once)
        self._runs: dict[str, asyncio.Lock] = {}
        self._frontend = ReplayFrontend(address, certificate=certificate)
        self._first_poll = 0.0
        self._process: Process | None = None
        self._gone: asyncio.Task[str] | None = None

    async def __aenter__(self) -> ReplayDoor:
        await self._frontend.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._gone:
            self._gone.cancel()
        await self._frontend.__aexit__(*error)

    @property
    def address(self) -> str:
        """Host and port, for TEMPORAL_ADDRESS."""
        return self._frontend.address

    def watch(self, process: Process) -> None:
        """Take this process as the worker from now on: when it exits, whatever was asked is told as ``exited``."""
        if self._gone and not self._gone.done():
            self._gone.cancel()
            self._forget()
        self._process = process
        self._gone = asyncio.create_task(self._exit_of(process))

    async def ready(self, *, limit: float = READY_LIMIT) -> None:
        """Wait until the worker polls for workflow tasks.

        Raises:
            RigError: It exits before, does not poll in time, or does not poll the task queue that was given.
        """
        polled = asyncio.create_task(self._polled())
        try:
            waiting = (polled, self._gone) if self._gone else (polled,)
            await wait_for_start(waiting, self._process, limit=limit)
            if polled.done() and self._polls(self._task_queue):
                return
        finally:
            polled.cancel()
        if self._gone and self._gone.done():
            raise RigError(f"before it polled, {self._gone.result()}")
        queues = ", ".join(map(repr, self._frontend.normal_queues))
        if queues:
            hint = nearest(self._task_queue, self._frontend.normal_queues)
            raise RigError(f"the worker polls {queues}, but not {self._task_queue!r}{hint}")
        raise RigError(
            f"the worker did not poll for workflow tasks within {limit:g} s: does it connect to TEMPORAL_ADDRESS?"
        )

    async def replay(
        self,
        events: Iterable[HistoryEvent],
        *,
        workflow_id: str,
        run_id: str = "",
        modes: Sequence[Mode] = ("cold", "warm"),
    ) -> list[TaskAnswer]:
        """Ask for every workflow task of a history, in each mode, and return the answers: by mode, then by event.

        Nothing more of this history is asked after ``silent`` or ``exited``, once a workflow has taken too long (its
        thread may go on for ever), a local activity ran, or where the worker does not know the workflow type. After
        another failed task nothing more is asked in the same mode: what is replayed beyond it fails as well.

        Args:
            events: The history.
            workflow_id: Workflow id.
            run_id: Run id; empty: that of the first event.
            modes: In which modes, one after the other.

        Raises:
            UsageError: The events are not those of one run from its first event on.
            RigError: The worker polls for no workflow task.
        """
        run = await asyncio.to_thread(replayable_run, events, workflow_id=workflow_id, run_id=run_id)
        lock = self._runs.setdefault(run.run_id, asyncio.Lock())
        answers: list[TaskAnswer] = []
        async with lock, self._turn:
            queue = await self._queue_of(run)
            for mode in modes:
                left = _without(run, answers) if mode == "rest" else run
                asked = self._warm(left, queue) if mode == "warm" else self._cold(left, queue)
                limit = self._history_limit + self._handed_out(left, mode) * SECONDS_PER_EVENT
                in_mode = await until_over(asked, left, mode, limit=limit, before=answers)
                answers += [replace(answer, mode=mode, queue=queue) for answer in in_mode]
        return answers

    def _handed_out(self, run: ReplayableRun, mode: Mode) -> int:
        """Return how many events a worker is handed of a run in a mode, at most."""
        prefixes = sum(task.started_event_id for task in run.tasks)
        return len(run.events) if mode == "warm" else min(prefixes, self._cold_events)

    async def _exit_of(self, process: Process) -> str:
        status = await process.wait()
        self._forget()
        shown = "".join(f"\n  | {line}" for line in process.log_tail().splitlines())
        return f"the worker process exited with status {status}{shown}"

    def _forget(self) -> None:
        self._frontend.forget()
        self._first_poll = 0.0

    async def _polled(self) -> None:
        """Wait until the worker polls the task queue, or has been polling only others for a while."""
        await self._frontend.polled.wait()
        self._first_poll = self._first_poll or time.monotonic()
        while not self._polls(self._task_queue) and time.monotonic() < self._first_poll + QUEUE_LIMIT:
            await asyncio.sleep(0.01)

    def _polls(self, task_queue: str) -> bool:
        return not task_queue or task_queue in self._frontend.normal_queues

    async def _queue_of(self, run: ReplayableRun) -> str:
        if self._task_queue:
            return self._task_queue
        queues = self._frontend.normal_queues
        if not queues and self._gone and self._gone.done():
            return run.task_queue
        await self.ready()
        while not self._polls(run.task_queue) and time.monotonic() < self._first_poll + QUEUE_LIMIT:
            await asyncio.sleep(0.01)
        return run.task_queue if run.task_queue in queues else next(iter(queues))

    async def _cold(self, run: ReplayableRun, queue: str) -> AsyncGenerator[TaskAnswer, None]:
        """Ask for each task with the whole history before it, and have the run evicted after each answer."""
        chosen = _asked_cold(run.tasks, most_events=self._cold_events)
        for task in run.tasks:
            if task.started_event_id not in chosen:
                yield unasked(task, "cold", f"the prefixes of this history have more than {self._cold_events:,} events")
            elif task.made_anew:
                yield checked(await self._replayed(run, task, queue, _REASONS["made anew"]))
            else:
                offered = OfferedTask(
                    run=run,
                    events=run.events,
                    end=task.started_event_id,
                    previous_started_event_id=task.previous_started_event_id,
                    messages=task.messages,
                )
                answer = await self._ask(offered, queue, task, "cold")
                if why := self._taken_for_new(answer, task):
                    answer = await self._replayed(run, task, queue, _REASONS[why])
                yield checked(answer)

    async def _replayed(self, run: ReplayableRun, task: RecordedTask, queue: str, reason: str) -> TaskAnswer:
        """Ask for a task that only a replaying worker answers as it was recorded.

        Only workers that are built on SDK core can be asked in this way: others check, task by task, that a
        replay issues what the history holds.
        """
        foreign = (task.made_anew | task.markers & marker.VERSIONS) - _WITH_MARKERS_GIVEN
        if foreign or not task.completed_event_id:
            return unasked(task, "cold", reason)
        events, given = with_markers_given(run, task)
        offered = OfferedTask(
            run=run,
            events=events,
            end=len(events),
            previous_started_event_id=task.started_event_id,
            messages=task.messages,
        )
        answer = await self._ask(offered, queue, task, "cold")
        commands = tuple(without_versions(answer.commands))
        return replace(answer, commands=commands, replayed=True, given=given, flags=frozenset())

    async def _warm(self, run: ReplayableRun, queue: str) -> AsyncGenerator[TaskAnswer, None]:
        """Ask for one task after the other, the run staying in the worker's cache as in production.

        A task that would make something anew is not asked: its events come together with the next task's, and the
        worker replays it in between.
        """
        known, sticky = 0, ""
        for task in run.tasks:
            if task.made_anew:
                yield unasked(task, "warm", _REASONS["made anew"])
                continue
            offered = OfferedTask(
                run=run,
                events=run.events,
                end=task.started_event_id,
                known=known,
                previous_started_event_id=task.previous_started_event_id,
                messages=task.messages,
                keeps=self._keeping(task, last=task is run.tasks[-1]),
            )
            answer = await self._ask(offered, sticky if known else queue, task, "warm")
            sticky = _sticky_queue(offered.answer)
            known = task.started_event_id if answer.kind == "completed" and sticky else 0
            if why := self._taken_for_new(answer, task):
                known = 0
                answer = unasked(task, "warm", _REASONS[why])
            elif answer.kind == "completed" and not sticky:
                answer = replace(answer, note="the worker keeps no workflow in its cache: this task was asked cold")
            yield checked(answer)

    @property
    def _on_core(self) -> bool:
        return self._frontend.sdk in BUILT_ON_CORE

    def _taken_for_new(self, answer: TaskAnswer, task: RecordedTask) -> str:
        """Say why a worker decided otherwise than in a replay, as it could not know that a task is recorded."""
        if _new_versions(answer.commands, task):
            return "versions"
        return "newer rules" if self._on_core and task.completed_event_id and answer.flags - task.flags else ""

    def _keeping(self, task: RecordedTask, *, last: bool) -> Callable[[rpc.RespondWorkflowTaskCompletedRequest], bool]:
        """Tell of an answer whether the worker may keep the run in its cache after it."""
        nothing = TaskAnswer(mode="warm", started_event_id=task.started_event_id, kind="silent")
        return lambda answer: not last and not self._taken_for_new(heard(nothing, answer), task)

    async def _ask(self, offered: OfferedTask, queue: str, task: RecordedTask, mode: Mode) -> TaskAnswer:
        began = time.monotonic()
        limit = self._limit + offered.end / 1000
        self._frontend.offer(queue, offered)
        waiting: set[asyncio.Future[WorkerAnswer] | asyncio.Task[str]] = {offered.answer}
        if self._gone:
            waiting.add(self._gone)
        try:
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._frontend.withdraw(offered)
        answer = TaskAnswer(
            mode=mode,
            started_event_id=task.started_event_id,
            kind="silent",
            failure=f"no answer within {limit:g} s",
            seconds=time.monotonic() - began,
            fetched=offered.fetched,
            on_core=self._on_core,
        )
        if offered.answer.done():
            return heard(answer, offered.answer.result())
        if self._gone and self._gone.done():
            return replace(answer, kind="exited", failure=self._gone.result())
        return answer


def _without(run: ReplayableRun, answers: Iterable[TaskAnswer]) -> ReplayableRun:
    """Return a run with only those tasks that were not asked yet."""
    asked = {answer.started_event_id for answer in answers if answer.kind != "unasked"}
    return replace(run, tasks=tuple(task for task in run.tasks if task.started_event_id not in asked))


def _new_versions(commands: Iterable[Command], task: RecordedTask) -> bool:
    return bool(markers_of(commands) & marker.VERSIONS - task.markers)


def _sticky_queue(answer: asyncio.Future[WorkerAnswer]) -> str:
    said = answer.result() if answer.done() else None
    if isinstance(said, rpc.RespondWorkflowTaskCompletedRequest):
        return said.sticky_attributes.worker_task_queue.name
    return ""


def _asked_cold(tasks: Sequence[RecordedTask], *, most_events: int) -> set[int]:
    """Return the tasks that are asked cold: all, or evenly as many as keep their prefixes below a number of events.

    Those that cannot be asked warm come before the others.
    """
    first = evenly_chosen([task.started_event_id for task in tasks if task.made_anew], most_events=most_events)
    rest = [task.started_event_id for task in tasks if not task.made_anew]
    return {*first, *evenly_chosen(rest, most_events=most_events - sum(first))}
