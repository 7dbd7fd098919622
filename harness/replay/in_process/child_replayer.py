"""Replays histories inside of a replaying process, observes each command, and compares them with the history."""

from __future__ import annotations

import asyncio
import mmap
import os
import re
import signal
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import msgspec
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from harness.records.replay_result import Replay
from harness.replay.compare.comparison import compare, recorded_commands
from harness.replay.compare.decisions import ConditionReplay, DecisionsFile, decision_digests
from harness.replay.compare.payloads import is_sealed, opened
from harness.replay.in_process import source_lines as lines
from harness.replay.in_process.nondeterministic_calls import CallWatch
from harness.replay.in_process.observer import CommandObserver
from harness.replay.in_process.protocol import ReplayRequest
from harness.replay.in_process.sdk_core_decisions import decisions_of
from harness.replay.prefixes import evenly_chosen
from harness.temporal import marker
from harness.temporal.command import Command, TaskDecisions
from harness.temporal.fields import payload_fields
from harness.temporal.payload import encoding_of
from harness.temporal.proto_json import events_of_json
from harness.temporal.task_failure import is_blocked, is_nondeterminism

Read = Callable[[], bytes]
"""Waits for the next message; empty: there are no more."""

Answer = Callable[[Any], None]
"""Sends what a request is answered with."""

MOST_DIFFERENCES = 1_000
"""How many differences of one replay are kept, the first ones."""

DEFINITION = "__temporal_workflow_definition"
_REFUSED = "Failed validating workflow "
_OF_SDK_CORE = re.compile(r'Failure \{ failure: Some\(Failure \{ message: "(?P<message>(?:[^"\\]|\\.)*)"')
_UNREAD = re.compile(r"Unknown payload encoding ([^\s'\"]+)")
_NO_ARGUMENTS = "Failed decoding arguments"
_AT = re.compile(r'File \\?"(?P<file>[^"\\]+)\\?", line (?P<line>\d+), in (?P<function>\w+)')


def observed_replayer(replayer: Replayer, observer: CommandObserver, *, only: str = "") -> Replayer:
    """Return a replayer of the same configuration whose runners are observed, plugins and interceptors included.

    Args:
        replayer: The replayer to go by.
        observer: Gets what is observed.
        only: The one workflow type to replay, which spares the sandbox preparing the others; empty: all.
    """
    # The configuration that the replayer holds is that after its plugins: their changes to the runner are kept. Without
    # a build id the SDK makes one of all the modules that are imported, each time.
    config: Any = replayer.config(active_config=True)
    runner = config.get("workflow_runner") or SandboxedWorkflowRunner()
    unsandboxed = config.get("unsandboxed_workflow_runner") or UnsandboxedWorkflowRunner()
    config = config | {
        "workflow_runner": observer.around(runner),
        "unsandboxed_workflow_runner": observer.around(unsandboxed),
        "plugins": [],
        "workflows": [each for each in config["workflows"] if not only or workflow_type(each) in (only, "")],
        "build_id": config.get("build_id") or "replay",
    }
    observed = Replayer(**config)
    observed.plugins = replayer.plugins  # they have configured it already, and still run what they run around replays
    return observed


class RequestReplayer:
    """Replays the history of each request with the first Replayer that knows its workflow type.

    Args:
        replayers: The workflows that each replayer knows by name, and the replayer. It replays nothing itself: a
            replayer that is observed is made of it.
        decisions_file: File to which decisions are written; empty: they are not kept.
        only: The one workflow type that is going to be replayed; empty: any.
        unusable: Modules that could not be imported, each with the reason.
    """

    def __init__(
        self,
        replayers: Sequence[tuple[Mapping[str, type], Replayer]],
        *,
        decisions_file: str = "",
        only: str = "",
        unusable: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._unusable = unusable
        self._replaying = [_SdkReplayer(workflows, replayer, only=only) for workflows, replayer in replayers]
        self._decisions_file = DecisionsFile(Path(decisions_file)) if decisions_file else None

    async def serve(self, read: Read, answer: Answer) -> None:
        """Answer each request until there are no more."""
        async with AsyncExitStack() as stack:
            for each in self._replaying:
                stack.push_async_callback(each.close)
            messages = _read_ahead(read)
            while message := await messages.get():
                answer(await self._answer(msgspec.json.decode(message, type=ReplayRequest)))

    async def _answer(self, request: ReplayRequest) -> ConditionReplay:
        answer = ConditionReplay(
            index=request.index,
            condition=request.condition,
            replay=Replay(workflow_id=request.workflow_id, run_id=request.run_id),
        )
        able = next((each for each in self._replaying if each.knows(request.workflow)), None)
        if able is None:
            return replace(answer, replay=replace(answer.replay, skipped=self._unknown(request.workflow)))
        try:
            replay, tasks = await able.answer(request)
        except Exception as error:
            traceback.print_exc()
            await able.close()
            return replace(answer, replay=replace(answer.replay, failure=f"{type(error).__name__}: {error}"))
        keep = self._decisions_file and tasks and not request.prefixes
        return replace(
            answer,
            replay=replay,
            decisions=decision_digests(tasks),
            details=self._decisions_file.keep(tasks) if keep and self._decisions_file else None,
        )

    def _unknown(self, workflow: str) -> str:
        known = ", ".join(sorted(name for each in self._replaying for name in each.workflows))
        reasons = "".join(f"; {name} cannot be used: {why}" for name, why in self._unusable.items())
        hint = reasons or "; name the module of its code, too, with --workflows"
        return f"workflow {workflow} is not known: {known} can be replayed{hint}"


@dataclass(frozen=True, kw_only=True)
class _History:
    """One history: its events, and its commands as recorded, and as they were before a codec."""

    events: Sequence[HistoryEvent]
    recorded: Mapping[int, Sequence[Command]]
    opened: Mapping[int, Sequence[Command]]


class _SdkReplayer:
    """One Replayer of the SDK with its observer; its histories go through one worker of the SDK, one by one."""

    def __init__(self, workflows: Mapping[str, type], replayer: Replayer, *, only: str) -> None:
        self.workflows = workflows
        self._observer = CommandObserver()
        self._watch = CallWatch(self._observer.user_code)
        wanted = not only or self.knows(only)
        self._replayer = observed_replayer(replayer, self._observer, only=only) if wanted else replayer
        self._converter: DataConverter = replayer.config(active_config=True).get("data_converter") or (
            DataConverter.default
        )
        self._refused: dict[str, str] = {}
        self._asked: asyncio.Queue[WorkflowHistory | None] = asyncio.Queue()
        self._results: AsyncIterator[Any] | None = None
        self._stack = AsyncExitStack()

    def knows(self, workflow: str) -> bool:
        """Whether it can replay a workflow type; a workflow that is registered for all names can replay any."""
        return workflow in self.workflows or "" in self.workflows

    async def close(self) -> None:
        """End the SDK's worker; the next history gets a new one."""
        self._asked.put_nowait(None)
        self._results = None
        stack, self._stack, self._asked = self._stack, AsyncExitStack(), asyncio.Queue()
        self._observer.take()
        self._watch.take()
        with suppress(Exception):
            await stack.aclose()

    async def answer(self, request: ReplayRequest) -> tuple[Replay, tuple[TaskDecisions, ...]]:
        """Return what came of the replay of one history, and what was decided."""
        replay = Replay(workflow_id=request.workflow_id, run_id=request.run_id)
        if refusal := await self._refusal(request.workflow):
            return replace(replay, failure=refusal), ()
        history = await self._read(request)
        if request.prefixes:
            tasks = [task async for task in self._prefixes(request, history)]
            compared = self._compared(replace(replay, prefixes=len(tasks)), history, tasks)
            return replace(compared, left_out=()), tuple(tasks)
        for _ in range(request.times):
            failure, tasks = await self._replay(request, history)
        replay = replace(replay, **_verdict(failure, self._observer.user_code), witnesses=self._watch.take())
        if unread := _unread(history.events, [replay.failure, *(each.failure for each in tasks)]):
            return replace(replay, failure="", skipped=unread), ()
        return self._compared(replay, history, tasks), tuple(tasks)

    def _compared(self, replay: Replay, history: _History, tasks: Sequence[TaskDecisions]) -> Replay:
        converter = self._converter.payload_converter
        comparison = compare(history.events, tasks, recorded=history.opened, converter=converter, local_results=False)
        return replace(
            replay,
            commands=comparison.commands,
            tasks=comparison.tasks,
            differences=comparison.differences[:MOST_DIFFERENCES],
            left_out=comparison.left_out,
            unseen=len(comparison.unseen),
        )

    async def _read(self, request: ReplayRequest) -> _History:
        events = _events(request)
        commands = recorded_commands(events)
        codec = self._converter.payload_codec
        if codec is None:
            return _History(events=events, recorded=commands, opened=commands)
        opened_commands = {started: await opened(commands, codec=codec) for started, commands in commands.items()}
        return _History(events=events, recorded=commands, opened=opened_commands)

    async def _replay(
        self, request: ReplayRequest, history: _History, *, last: int | None = None
    ) -> tuple[Exception | None, list[TaskDecisions]]:
        """Replay a history, up to the event with the id ``last`` where one is given."""
        self._observer.about(history.events)
        self._observer.during = self._watch.during if request.watched else None
        self._asked.put_nowait(WorkflowHistory(request.workflow_id, history.events[:last]))
        assert self._results is not None
        result = await anext(self._results)
        tasks = [
            task
            for each in self._observer.take()
            for task in decisions_of(each, history=history.events, recorded=history.recorded)
        ]
        return result.replay_failure, tasks

    async def _refusal(self, workflow: str) -> str:
        """Start the SDK's worker if there is none; return why the workflow cannot be part of it, or nothing."""
        while self._results is None and workflow not in self._refused:
            iterator = self._replayer.workflow_replay_iterator(_handed(self._asked))
            try:
                results = await self._stack.enter_async_context(iterator)
            except RuntimeError as error:
                self._leave_out(error)
            else:
                self._results = cast("AsyncIterator[Any]", results)
        return self._refused.get(workflow, "")

    def _leave_out(self, error: RuntimeError) -> None:
        """Go on without a workflow that the sandbox cannot import: the SDK starts no worker that has it."""
        name = str(error).removeprefix(_REFUSED)
        config: Any = self._replayer.config(active_config=True)
        rest = [each for each in config["workflows"] if workflow_type(each) != name]
        if not str(error).startswith(_REFUSED) or len(rest) == len(config["workflows"]):
            raise error
        cause = error.__cause__ or error
        self._refused[name] = f"a worker with {name} does not start: {type(cause).__name__}: {cause}"
        if rest:
            plugins, self._replayer = self._replayer.plugins, Replayer(**(config | {"workflows": rest, "plugins": []}))
            self._replayer.plugins = plugins

    async def _prefixes(self, request: ReplayRequest, history: _History) -> AsyncIterator[TaskDecisions]:
        """Ask each workflow task as the last, open one of a history, where that can be answered as recorded."""
        by_task = history.opened.items()
        askable = [started for started, commands in by_task if not any(_comes_by_itself(one) for one in commands)]
        for started in evenly_chosen(askable, most_events=request.prefixes):
            _, tasks = await self._replay(request, history, last=started)
            for task in tasks:
                if task.started_event_id == started:
                    yield task


def _unread(events: Sequence[HistoryEvent], failures: Sequence[str]) -> str:
    """Say that the code was not given what was recorded, as no converter here can read it, or return nothing."""
    match = next((match for each in failures if (match := _UNREAD.search(each))), None)
    encoding = match[1] if match else ""
    if any(_NO_ARGUMENTS in each for each in failures):  # the SDK does not say why
        given = events[0].workflow_execution_started_event_attributes.input.payloads
        encoding = next(
            (encoding_of(payload_fields(each)) for each in given if is_sealed(payload_fields(each))), encoding
        )
    if not encoding:
        return ""
    return (
        f"payloads of it are encoded as {encoding}, which the data converter here cannot read: give the worker's own "
        "with --data-converter MODULE:NAME or --replayer, or replay with --worker"
    )


def _comes_by_itself(command: Command) -> bool:
    """Tell whether a task with this command cannot be asked by its history alone.

    A local activity would have to run, and an update comes beside the history with the task that accepts it.
    """
    return command.kind == "UpdateAccepted" or command.fields.get("markerName") == marker.LOCAL_ACTIVITY


async def _handed(asked: asyncio.Queue[WorkflowHistory | None]) -> AsyncIterator[WorkflowHistory]:
    while (history := await asked.get()) is not None:
        yield history


def _events(request: ReplayRequest) -> Sequence[HistoryEvent]:
    if request.binary:
        return list(History.FromString(Path(request.binary).read_bytes()).events)
    return events_of_json(request.events)


def workflow_type(workflow: type) -> str:
    """Return the name under which a workflow class is registered, or nothing for the one that takes all names."""
    return str(vars(workflow)[DEFINITION].name or "")


def answer_in_forks(read: Read, answer: Answer, once: Callable[[bytes, Answer], None]) -> None:
    """Answer each request in a fork of this process, which has imported the workflow code and done nothing else.

    The process must not have started Temporal's runtime: its threads are not there in a fork. Each request gets one
    answer, whatever the fork ends with: workflow code may leave with status 0 before it has answered.
    """
    answered = mmap.mmap(-1, 1)  # one byte that the forks share with this process

    def answer_and_note(record: ConditionReplay) -> None:
        answer(record)
        answered[0] = True

    def answer_in_fork(message: bytes) -> int:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                once(message, answer_and_note)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    while message := read():
        answered[0] = False
        status = answer_in_fork(message)
        if not answered[0] and status == -signal.SIGKILL:  # once it may have been killed from outside
            status = answer_in_fork(message)
        if not answered[0]:
            request = msgspec.json.decode(message, type=ReplayRequest)
            lost = f"the replaying process ended (exit status {status})"
            replay = Replay(workflow_id=request.workflow_id, run_id=request.run_id, failure=lost, lost=lost)
            answer(ConditionReplay(index=request.index, condition=request.condition, replay=replay))


def _read_ahead(read: Read) -> asyncio.Queue[bytes]:
    """Return a queue that a thread fills with messages; an empty one is the last. Who asks never waits to be heard."""
    messages: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read_all() -> None:
        message = b" "
        while message:
            message = read()
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(messages.put_nowait, message)

    threading.Thread(target=read_all, name="requests", daemon=True).start()
    return messages


def _plain(message: str, user_code: lines.UserCode) -> str:
    """Return the message within a failure that SDK core prints as a whole, and where in the user's code it was."""
    failure = _OF_SDK_CORE.search(message)
    if not failure:
        return message
    frames = _AT.finditer(message, failure.end())
    at = next((each for each in frames if user_code.holds(each["file"])), None)
    where = " at " + lines.site_text((at["file"], int(at["line"]), at["function"])) if at else ""
    return failure["message"].replace('\\"', '"').replace("\\n", "\n").removesuffix(".") + where


def _verdict(failure: Exception | None, user_code: lines.UserCode) -> dict[str, Any]:
    message = "" if failure is None else str(failure) or type(failure).__name__
    return {
        "failure": _plain(message, user_code),
        "nondeterminism": isinstance(failure, NondeterminismError) or is_nondeterminism(message),
        "blocked": is_blocked(message),
    }
