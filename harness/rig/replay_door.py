"""The replay door: it plays the server to a worker and asks it for every workflow task of recorded histories again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.protocol.v1 import Message
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.errors import RigError, nearest
from harness.evidence import History
from harness.rig.process import Process
from harness.rig.replay_frontend import Question, ReplayFrontend, Told
from harness.rig.replay_tasks import (
    LOCAL_ACTIVITY_MARKERS,
    VERSION_MARKERS,
    Recorded,
    Story,
    markers_of,
    story_of,
    with_markers_given,
    without_versions,
)

Mode = Literal["cold", "warm"]
"""``cold``: the worker gets the whole history up to the task, with nothing of the run in its cache. ``warm``: it has
answered the tasks before and gets only the new events, on its own sticky queue."""

Kind = Literal["completed", "failed", "silent", "exited", "unasked"]
"""``completed``: the worker answered with commands. ``failed``: it failed the task. ``silent``: no answer in time; the
worker may be stuck, and should be started again. ``exited``: its process ended. ``unasked``: see ``failure``."""

READY_LIMIT = 60.0
"""Seconds that a worker process may take from its start to its first poll."""

QUEUE_LIMIT = 3.0
"""Seconds that a worker has, from its first poll of any task queue, to poll the one that is wanted."""

_WITH_MARKERS_GIVEN = frozenset({"core_local_activity", "core_patch"})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a worker answered to one workflow task.

    Attributes:
        mode: As which it was asked.
        started_event_id: Its WorkflowTaskStarted in the recorded history.
        kind: Whether there is an answer, and of which kind.
        commands: The commands of an answer that is ``completed``.
        messages: Its protocol messages: updates accepted, rejected, completed.
        failure: Why there is no such answer, in words; the worker's message where it failed the task.
        note: What is to be known of an answer that is ``completed``: a local activity ran for real, or the worker
            keeps no cache and so was asked cold.
        cause: Temporal's name of the cause, where the worker failed the task: ``NON_DETERMINISTIC_ERROR``.
        stack: The stack trace that the worker gave with the failure.
        seconds: From when it was offered to the answer.
        replayed: Whether the task was told as completed and its commands asked for one task later, so that results of
            local activities and branches of versioned changes are those of the recording. Protocol messages of such
            an answer are lost (the Rust core makes none while it replays); their commands are there.
        given: Then, the ids of the recorded events that were given to the worker, so that the commands lack them:
            markers of local activities and patches, and the search attribute that lists patches.
        fetched: Whether the worker asked for the beginning of the history, so that it was not warm.
    """

    mode: Mode
    started_event_id: int
    kind: Kind
    commands: tuple[Command, ...] = ()
    messages: tuple[Message, ...] = ()
    failure: str = ""
    note: str = ""
    cause: str = ""
    stack: str = ""
    seconds: float = 0.0
    replayed: bool = False
    given: tuple[int, ...] = ()
    fetched: bool = False


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
        history_limit: Seconds after which nothing more is asked of one history in one mode.
        at_once: How many histories are handed out at once; the others wait.
        cold_events: Most events that are handed out for one history cold, over all its tasks. Asking every prefix of a
            history takes time that grows with the square of its length: of a longer one, tasks are chosen evenly, the
            first and the last among them, and the others are told as ``unasked``.
    """

    def __init__(
        self,
        *,
        task_queue: str = "",
        limit: float = 20.0,
        history_limit: float = 120.0,
        at_once: int = 2,
        cold_events: int = 250_000,
    ) -> None:
        self._task_queue = task_queue
        self._limit = limit
        self._history_limit = history_limit
        self._cold_events = cold_events
        self._turn = asyncio.Semaphore(at_once)
        self._runs: dict[str, asyncio.Lock] = {}
        self._frontend = ReplayFrontend()
        self._first_poll = 0.0
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
        self._gone = asyncio.create_task(self._exit_of(process))

    async def ready(self, *, limit: float = READY_LIMIT) -> None:
        """Wait until the worker polls for workflow tasks.

        Raises:
            RigError: It exits before, does not poll in time, or does not poll the task queue that was given.
        """
        polled = asyncio.create_task(self._polled())
        try:
            waiting = {polled, self._gone} if self._gone else {polled}
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
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

    async def replay(self, history: History, modes: Sequence[Mode] = ("cold", "warm")) -> list[Answer]:
        """Ask for every workflow task of a history, in each mode, and return the answers in the order of the events.

        After ``silent`` or ``exited``, nothing more of this history is asked.

        Raises:
            UsageError: The history cannot be read.
            RigError: The worker polls for no workflow task.
        """
        story = story_of(history)
        lock = self._runs.setdefault(story.run_id, asyncio.Lock())
        answers: list[Answer] = []
        async with lock, self._turn:
            queue = await self._queue_of(story)
            for mode in modes:
                asked = self._cold(story, queue) if mode == "cold" else self._warm(story, queue)
                answers += await _until_over(asked, story, mode, limit=self._history_limit, before=answers)
        return answers

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

    async def _queue_of(self, story: Story) -> str:
        if self._task_queue:
            return self._task_queue
        queues = self._frontend.normal_queues
        if not queues and self._gone and self._gone.done():
            return story.task_queue
        await self.ready()
        while not self._polls(story.task_queue) and time.monotonic() < self._first_poll + QUEUE_LIMIT:
            await asyncio.sleep(0.01)
        return story.task_queue if story.task_queue in queues else next(iter(queues))

    async def _cold(self, story: Story, queue: str) -> AsyncIterator[Answer]:
        """Ask for each task with the whole history before it, and have the run evicted after each answer."""
        chosen = _chosen(story.tasks, self._cold_events)
        for task in story.tasks:
            if task.started_event_id not in chosen:
                yield _unasked(
                    task, "cold", f"the prefixes of this history have more than {self._cold_events:,} events"
                )
            elif task.made_anew:
                yield _checked(await self._replayed(story, task, queue, _REASONS["made anew"]))
            else:
                question = Question(
                    story=story,
                    events=story.events[: task.started_event_id],
                    previous_started_event_id=task.previous_started_event_id,
                    messages=task.messages,
                )
                answer = await self._ask(question, queue, task, "cold")
                if _new_versions(answer.commands, task):
                    answer = await self._replayed(story, task, queue, _REASONS["versions"])
                yield _checked(answer)

    async def _replayed(self, story: Story, task: Recorded, queue: str, reason: str) -> Answer:
        """Ask for a task that only a replaying worker answers as it was recorded.

        Only workers that are built on the Rust core can be asked in this way: others check, task by task, that a
        replay issues what the history holds.
        """
        foreign = (task.made_anew | task.markers & VERSION_MARKERS) - _WITH_MARKERS_GIVEN
        if foreign or not task.completed_event_id:
            return _unasked(task, "cold", reason)
        events, given = with_markers_given(story, task)
        question = Question(
            story=story,
            events=events,
            previous_started_event_id=task.started_event_id,
            messages=task.messages,
        )
        answer = await self._ask(question, queue, task, "cold")
        return replace(answer, commands=tuple(without_versions(answer.commands)), replayed=True, given=given)

    async def _warm(self, story: Story, queue: str) -> AsyncIterator[Answer]:
        """Ask for one task after the other, the run staying in the worker's cache as in production.

        A task that would make something anew is not asked: its events come together with the next task's, and the
        worker replays it in between.
        """
        known, sticky = 0, ""
        for task in story.tasks:
            if task.made_anew:
                yield _unasked(task, "warm", _REASONS["made anew"])
                continue
            question = Question(
                story=story,
                events=story.events[: task.started_event_id],
                known=known,
                previous_started_event_id=task.previous_started_event_id,
                messages=task.messages,
                keeps=_keeping(task, last=task is story.tasks[-1]),
            )
            answer = await self._ask(question, sticky if known else queue, task, "warm")
            sticky = _sticky_queue(question.answer)
            known = task.started_event_id if answer.kind == "completed" and sticky else 0
            if _new_versions(answer.commands, task):
                known = 0
                answer = _unasked(task, "warm", _REASONS["versions"])
            elif answer.kind == "completed" and not sticky:
                answer = replace(answer, note="the worker keeps no workflow in its cache: this task was asked cold")
            yield _checked(answer)

    async def _ask(self, question: Question, queue: str, task: Recorded, mode: Mode) -> Answer:
        began = time.monotonic()
        limit = self._limit + len(question.events) / 1000
        self._frontend.offer(queue, question)
        waiting: set[asyncio.Future[Told] | asyncio.Task[str]] = {question.answer}
        if self._gone:
            waiting.add(self._gone)
        try:
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._frontend.withdraw(question)
        told = Answer(
            mode=mode,
            started_event_id=task.started_event_id,
            kind="silent",
            failure=f"no answer within {limit:g} s",
            seconds=time.monotonic() - began,
            fetched=question.fetched,
        )
        if question.answer.done():
            return _heard(told, question.answer.result())
        if self._gone and self._gone.done():
            return replace(told, kind="exited", failure=self._gone.result())
        return told


_REASONS = {
    "made anew": "a local activity or side effect ran in this task, and the worker would run it again; "
    "the next task replays it",
    "versions": "the worker takes the branch of new executions at a versioned change here; the next task replays it",
}


async def _until_over(
    asked: AsyncIterator[Answer], story: Story, mode: Mode, *, limit: float, before: Sequence[Answer]
) -> list[Answer]:
    """Collect answers until one says that nothing more can be asked; the remaining tasks are told as ``unasked``."""
    answers: list[Answer] = []
    over = _over(before)
    deadline = time.monotonic() + limit
    while not over:
        answer = await anext(asked, None)
        if answer is None:
            return answers
        answers.append(answer)
        over = _over([answer])
        if not over and time.monotonic() > deadline:
            over = f"this history took longer than {limit:g} s"
    done = {answer.started_event_id for answer in answers}
    rest = (task for task in story.tasks if task.started_event_id not in done)
    return [*answers, *(_unasked(task, mode, over) for task in rest)]


def _over(answers: Iterable[Answer]) -> str:
    """Say why nothing more of a history may be asked, or nothing."""
    for answer in answers:
        if answer.kind in ("silent", "exited"):
            return f"after the task of event {answer.started_event_id}: {answer.failure.splitlines()[0]}"
        if answer.note == _RAN:
            return f"at event {answer.started_event_id}, {_RAN}"
    return ""


_RAN = "the worker ran a local activity that the history does not hold"


def _checked(answer: Answer) -> Answer:
    """Say so if the worker ran a local activity for real, which nobody can keep it from."""
    ran = markers_of(answer.commands) & LOCAL_ACTIVITY_MARKERS
    return replace(answer, note=_RAN) if ran else answer


def _heard(told: Answer, answer: Told) -> Answer:
    if isinstance(answer, rpc.RespondWorkflowTaskFailedRequest):
        return replace(
            told,
            kind="failed",
            failure=answer.failure.message,
            cause=WorkflowTaskFailedCause.Name(answer.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_"),
            stack=answer.failure.stack_trace,
        )
    # A task is completed and asked for again while a local activity still runs.
    note = _RAN if answer.force_create_new_workflow_task and not answer.commands else ""
    return replace(
        told,
        kind="completed",
        commands=tuple(answer.commands),
        messages=tuple(answer.messages),
        failure="",
        note=note,
    )


def _unasked(task: Recorded, mode: Mode, reason: str) -> Answer:
    return Answer(mode=mode, started_event_id=task.started_event_id, kind="unasked", failure=reason)


def _new_versions(commands: Iterable[Command], task: Recorded) -> bool:
    return bool(markers_of(commands) & VERSION_MARKERS - task.markers)


def _keeping(task: Recorded, *, last: bool) -> Callable[[rpc.RespondWorkflowTaskCompletedRequest], bool]:
    return lambda answer: not last and not _new_versions(answer.commands, task)


def _sticky_queue(answer: asyncio.Future[Told]) -> str:
    told = answer.result() if answer.done() else None
    if isinstance(told, rpc.RespondWorkflowTaskCompletedRequest):
        return told.sticky_attributes.worker_task_queue.name
    return ""


def _chosen(tasks: Sequence[Recorded], events: int) -> set[int]:
    """Choose the tasks that are asked cold: all, or evenly as many as keep their prefixes below a number of events."""
    ids = [task.started_event_id for task in tasks]
    step, chosen = 1, set(ids)
    while len(chosen) > 2 and sum(chosen) > events:
        step += 1
        chosen = {*ids[::step], ids[-1]}
    return chosen
