"""A child process that imports workflow code and replays histories against it, apart from all that runs here."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import msgspec

from harness.errors import RigError, UsageError
from harness.processes.child_channel import ChildChannel, NoAnswerError, log_tail
from harness.records.evidence import History
from harness.records.replay_result import Replay
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.in_process.protocol import TELL_WHERE, Ready, ReplayRequest, Setup
from harness.replay.in_process.source_lines import UserCode

_START_LIMIT = 20.0
_LONGEST_ANSWER = 64 * 1024 * 1024
_SECONDS_PER_EVENT = 0.005
_WHERE_LOOKS, _WHERE_EVERY = 20, 0.1
_AT = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>\S+)')

PREFIX_EVENTS = 5_000
"""Most events that the prefixes of one history of a trial may have together; of a longer one, tasks are chosen."""


class ReplayProcess:
    """A process that imports workflow code once and replays histories against it, one after the other.

    Its hash seed is random unless the environment gives one, and so differs from the one that the recording worker had:
    a workflow that depends on the order of a set is caught. An async context manager; the process is gone when it is
    left.

    Args:
        setup: The workflow code, and how the process is to be.
        cwd: Folder in which the process runs, first on its import path.
        logs: Folder for its log, ``replay-<n>.log``.
        time_limit: Longest time in seconds that the replay of one history may take, and 5 ms more for each event; twice
            as much, or 20 s, has the import of a module.
        environment: What its environment has more, or has otherwise.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        cwd: Path,
        logs: Path,
        time_limit: float = 30.0,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._setup = setup
        self._cwd = cwd
        self._logs = logs
        self._time_limit = time_limit
        self._more_environment = environment
        self._channel: ChildChannel | None = None
        self._log = logs / "replay.log"
        self._turn = asyncio.Lock()
        self._importing = ""
        self.workflows: tuple[str, ...] = ()
        """The workflow types that can be replayed, known once entered."""
        self.unusable: dict[str, str] = {}
        """Modules and replayers that cannot be used, each with the reason, known once entered."""

    async def __aenter__(self) -> Self:
        """Start the process and wait until it has imported the workflow code.

        Raises:
            UsageError: The modules cannot be imported, or hold no workflow.
            RigError: The process died or did not answer in time.
        """
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def replay(self, histories: Sequence[History], *, prefixes: int = PREFIX_EVENTS) -> tuple[Replay, ...]:
        """Replay histories, each with its own workflow id; return what came of each, and of its prefixes.

        A history over which the process is lost is marked so, and the rest goes on in a new process.

        Args:
            histories: The histories.
            prefixes: Most events that may be replayed to ask the workflow tasks of one history each as its last one;
                0: they are not asked so.
        """
        replays: list[Replay] = []
        async with self._turn:
            for history in histories:
                replays += await self._replay(history, prefixes=prefixes)
        return tuple(replays)

    async def ask(self, request: ReplayRequest, *, events: int = 0) -> ConditionReplay:
        """Return what the process answers to one request.

        Args:
            request: The request.
            events: How many events are to be replayed, as far as known: the time limit grows with them.

        Raises:
            RigError: The process died, or the replay took longer than the time limit. It has to be entered again.
        """
        await self.tell(request)
        return await self.answer(request, events=events)

    async def tell(self, request: ReplayRequest) -> None:
        """Ask without waiting for the answer, so that the process has its next request when it has answered the last.

        Answers come in the order of requests; a few may be under way, each awaited by ``answer``.
        """
        if self._channel is not None:
            await self._channel.send(msgspec.json.encode(request))

    async def answer(self, request: ReplayRequest, *, events: int = 0) -> ConditionReplay:
        """Wait for the answer to the request that was told first of those that are not answered yet.

        Raises:
            RigError: As ``ask``; requests sent after it are lost with the process.
        """
        limit = self._time_limit + events * _SECONDS_PER_EVENT
        message = await self._ask(None, limit=limit, doing=f"the replay of {request.workflow_id}")
        answer = msgspec.json.decode(message, type=ConditionReplay)
        if (answer.index, answer.condition) != (request.index, request.condition):
            await self._stop()
            raise RigError(f"the replaying process answered for another history than {request.workflow_id}")
        return answer

    async def _replay(self, history: History, *, prefixes: int) -> list[Replay]:
        request = ReplayRequest(
            workflow=_workflow_type(history),
            workflow_id=history.workflow_id,
            run_id=history.run_id,
            events=history.events,
        )
        replays: list[Replay] = []
        try:
            if self._channel is None:
                await self._start()
            replays.append((await self.ask(request, events=len(history.events))).replay)
            if prefixes and replays[0].tasks:
                asked = dataclasses.replace(request, prefixes=prefixes)
                most = min(prefixes, len(history.events) * replays[0].tasks)
                replays.append((await self.ask(asked, events=most)).replay)
        except RigError as error:
            lost = Replay(workflow_id=history.workflow_id, run_id=history.run_id, failure=str(error), lost=str(error))
            return [*replays, lost]
        return replays

    async def _start(self) -> None:
        """Start a process that has imported the workflow code; a module over which it ends or hangs is left out."""
        while True:
            await self._launch()
            self._importing = ""
            try:
                ready = await self._imported()
            except RigError as error:
                if not self._importing:
                    raise
                self._leave_out(self._importing, str(error).splitlines()[0])
                await self._stop()
            else:
                break
        if ready.error:
            raise self._cannot_be_used(ready.error)
        self.workflows = tuple(ready.workflows)
        self.unusable = dict(ready.unusable)

    async def _imported(self) -> Ready:
        limit = max(_START_LIMIT, 2 * self._time_limit)
        doing = "the start of the replaying process"
        ready = msgspec.json.decode(await self._ask(self._setup, limit=limit, doing=doing), type=Ready)
        while ready.importing:
            self._importing = ready.importing
            doing = f"the import of {ready.importing}"
            ready = msgspec.json.decode(await self._ask(None, limit=limit, doing=doing), type=Ready)
        return ready

    def _leave_out(self, name: str, why: str) -> None:
        setup = self._setup
        self._setup = dataclasses.replace(
            setup,
            modules=[each for each in setup.modules if each != name],
            replayers=[each for each in setup.replayers if each != name],
            unusable={**setup.unusable, name: why},
        )
        if not (self._setup.modules or self._setup.replayers):
            raise self._cannot_be_used("; ".join(f"{each}: {why}" for each, why in self._setup.unusable.items()))

    def _cannot_be_used(self, why: str) -> UsageError:
        code = ", ".join(sorted({*self._setup.replayers, *self._setup.modules, *self._setup.unusable}))
        return UsageError(f"the workflow code ({code or 'no module'}) cannot be replayed: {why} (see {self._log})")

    async def _launch(self) -> None:
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            self._log = _free_name(self._logs)
            channel = ChildChannel(
                "harness.replay.in_process.child_main",
                log=self._log,
                memory=self._setup.memory,
                longest=_LONGEST_ANSWER,
                cwd=self._cwd,
                environment=self._environment(),
            )
            await channel.start()
        except OSError as error:
            raise RigError(f"cannot start the replaying process in {self._cwd}: {error.strerror or error}") from error
        self._channel = channel

    def _environment(self) -> dict[str, str]:
        # Deadlock detection, which TEMPORAL_DEBUG turns off, belongs to what a replay shows.
        left_out = ("PYTHONHASHSEED", "TEMPORAL_DEBUG")
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        return {**environment, "PYTHONUNBUFFERED": "1", **self._more_environment}

    async def _ask(self, request: Setup | None, *, limit: float, doing: str) -> bytes:
        channel = self._channel
        if channel is None:
            raise RigError(f"{doing}: the replaying process is not running", log=self._log_tail())
        try:
            if request is not None:
                return await channel.ask(msgspec.json.encode(request), limit=limit)
            return await channel.receive(limit=limit)
        except NoAnswerError as error:
            raise await self._lost(error, limit=limit, doing=doing) from None

    async def _lost(self, error: NoAnswerError, *, limit: float, doing: str) -> RigError:
        """Stop the process that gave no answer, and say why it did not."""
        if error.why == "slow":
            where = await self._where()
            await self._stop()
            words = f"{doing} took longer than {limit:.3g} s{where} and was stopped"
            return RigError(words, log=self._log_tail())
        await self._stop()
        if error.why == "too long":
            return RigError(f"the answer to {doing} is longer than {_LONGEST_ANSWER:,} bytes")
        words = f"the replaying process ended during {doing} (exit status {error.status})"
        return RigError(words, log=self._log_tail())

    async def _stop(self) -> None:
        """Kill the process with all it started, and wait until it is gone."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.stop()

    async def _where(self) -> str:
        """Return `` at path.py:12 in run``, the innermost line of the user's that hangs, or nothing."""
        before = self._log.stat().st_size
        if self._channel is None:
            return ""
        self._channel.send_signal(TELL_WHERE)
        user_code = UserCode()
        for _ in range(_WHERE_LOOKS):
            await asyncio.sleep(_WHERE_EVERY)
            with self._log.open("rb") as log:
                log.seek(before)
                traces = log.read().decode(errors="replace")
            frame = next((match for match in _AT.finditer(traces) if user_code.holds(match["file"])), None)
            if frame:
                return f" at {_shown(frame['file'], self._cwd)}:{frame['line']} in {frame['function']}"
        return ""

    def _log_tail(self) -> str:
        return log_tail(self._log)


def _workflow_type(history: History) -> str:
    started = next(history.of_type("WORKFLOW_EXECUTION_STARTED"), {})
    attributes = started.get("workflowExecutionStartedEventAttributes") or {}
    return str((attributes.get("workflowType") or {}).get("name", ""))


def _shown(file: str, cwd: Path) -> str:
    path, folder = Path(os.path.realpath(file)), Path(os.path.realpath(cwd))
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _free_name(logs: Path) -> Path:
    number = 1
    while (log := logs / f"replay-{number}.log").exists():
        number += 1
    log.touch()
    return log
