"""A child process that imports workflow code and replays histories against it, apart from all that runs here."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import msgspec

from harness.errors import KilledError, RigError, UsageError
from harness.processes.child_channel import ChildChannel, NoAnswerError, log_tail
from harness.processes.forkserver.children import ChildForks
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.in_process.protocol import TELL_WHERE, Ready, ReplayRequest, Setup
from harness.replay.in_process.source_lines import UserCode

_IMPORTS = ("harness.replay.in_process.child_main", "harness.replay.in_process.child_replayer", "temporalio.worker")
_START_LIMIT = 20.0
_LONGEST_ANSWER = 64 * 1024 * 1024
_SECONDS_PER_EVENT = 0.005
_WHERE_LOOKS, _WHERE_EVERY = 100, 0.1  # a busy machine is late with it
_AT = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>\S+)')


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
        forks: Forks it, where another process of such an environment was started before; None: nobody does.
        worker: Command of the worker beside which it may be forked; empty: it may not.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        cwd: Path,
        logs: Path,
        time_limit: float = 30.0,
        environment: Mapping[str, str] = MappingProxyType({}),
        forks: ChildForks | None = None,
        worker: str = "",
    ) -> None:
        self._setup = setup
        self._cwd = cwd
        self._logs = logs
        self._time_limit = time_limit
        self._more_environment = environment
        self._forks = forks
        self._worker = worker
        self._channel: ChildChannel | None = None
        self._log = logs / "replay.log"
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
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    @property
    def running(self) -> bool:
        """Whether the process was started and has not been ended or lost since."""
        return self._channel is not None

    async def start(self) -> None:
        """Start the process, once more if it is not running any longer; what it says of modules is known then.

        Raises:
            UsageError, RigError: As on entering.
        """
        try:
            try:
                await self._start()
            except KilledError:  # which may have been its bad luck
                await self._start()
        except BaseException:
            await self.end()
            raise

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
            await self.end()
            raise RigError(f"the replaying process answered for another history than {request.workflow_id}")
        return answer

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
                await self.end()
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
            environment = self._environment()
            where: dict[str, Any] = {"log": self._log, "cwd": self._cwd, "environment": environment}
            own = {re.split("[.:]", name)[0] for name in (*self._setup.modules, *self._setup.replayers)}
            more: dict[str, Any] = {"imports": _IMPORTS, "own": own, "worker": self._worker}
            fork = functools.partial(self._forks.fork, **more, **where) if self._forks else None
            channel = ChildChannel(
                "harness.replay.in_process.child_main",
                memory=self._setup.memory,
                longest=_LONGEST_ANSWER,
                fork=fork,
                **where,
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
            await self.end()
            words = f"{doing} took longer than {limit:.3g} s{where} and was stopped"
            return RigError(words, log=self._log_tail())
        pid = self._channel.pid if self._channel else 0
        await self.end()
        if error.why == "too long":
            return RigError(f"the answer to {doing} is longer than {_LONGEST_ANSWER:,} bytes")
        ended = f"ended during {doing} (exit status {error.status})"
        if error.status == -signal.SIGKILL:  # by somebody else, who may look for the process that it was
            return KilledError(f"the replaying process (pid {pid}) {ended}", log=self._log_tail())
        return RigError(f"the replaying process {ended}", log=self._log_tail())

    async def end(self) -> None:
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


def _shown(file: str, cwd: Path) -> str:
    path, folder = Path(os.path.realpath(file)), Path(os.path.realpath(cwd))
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _free_name(logs: Path) -> Path:
    number = 1
    while (log := logs / f"replay-{number}.log").exists():
        number += 1
    log.touch()
    return log
