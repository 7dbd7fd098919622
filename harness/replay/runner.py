"""Temporal's Replayer in a fresh process: nothing that this process has imported or cached takes part."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from harness.errors import RigError, UsageError
from harness.evidence import History
from harness.replays import Replay

_START_LIMIT = 60.0
_LONGEST_ANSWER = 64 * 1024 * 1024
_LOG_SHOWN = 4000


class ReplayProcess:
    """A process that imports workflow code once and replays histories against it, one after the other.

    Its hash seed is random unless one is given, and so differs from the one that the recording worker had: a workflow
    that depends on the order of a set is caught. An async context manager; the process is gone when it is left.

    Args:
        modules: Where the workflows are: ``module`` for all that are defined or imported there, or ``module:Class``.
        data_converter: ``module:attribute`` of the data converter; empty: Temporal's default one.
        cwd: Folder in which the process runs, first on its import path.
        logs: Folder for its log, ``replay-<n>.log``.
        hash_seed: The ``PYTHONHASHSEED`` of the process; None: random.
        time_limit: Longest time in seconds that the replay of one history may take.
        environment: What its environment has more, or has otherwise.
        setup: More of what the process is told first (see ``harness.replay.process``).
    """

    def __init__(
        self,
        modules: Sequence[str],
        *,
        data_converter: str = "",
        cwd: Path,
        logs: Path,
        hash_seed: int | None = None,
        time_limit: float = 30.0,
        environment: Mapping[str, str] = MappingProxyType({}),
        setup: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._modules = tuple(modules)
        self._data_converter = data_converter
        self._cwd = cwd
        self._logs = logs
        self._hash_seed = hash_seed
        self._time_limit = time_limit
        self._more_environment = environment
        self._more_setup = setup
        self._process: asyncio.subprocess.Process | None = None
        self._log = logs / "replay.log"
        self._turn = asyncio.Lock()
        self.workflows: tuple[str, ...] = ()
        """The workflow types that can be replayed, known once entered."""

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

    async def replay(self, histories: Sequence[History]) -> tuple[Replay, ...]:
        """Replay histories, each with its own workflow id, and return what the Replayer said of each.

        Raises:
            RigError: The process died, or one replay took longer than the time limit.
        """
        async with self._turn:
            return tuple([await self._replay(history) for history in histories])

    async def told_of(self, history: History, **more: Any) -> dict[str, Any]:
        """Return what the process answers to one history, with ``more`` in the request.

        Raises:
            RigError: The process died, or the replay took longer than the time limit.
        """
        async with self._turn:
            return await self._told_of(history, **more)

    async def _replay(self, history: History) -> Replay:
        return Replay(workflow_id=history.workflow_id, run_id=history.run_id, **await self._told_of(history))

    async def _told_of(self, history: History, **more: Any) -> dict[str, Any]:
        request = {
            "workflow": _workflow_type(history),
            "workflow_id": history.workflow_id,
            "history": {"events": history.events},
            **more,
        }
        return await self._ask(request, limit=self._time_limit, doing=f"the replay of {history.workflow_id}")

    async def _start(self) -> None:
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            self._log = _free_name(self._logs)
            with self._log.open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "harness.replay.process"),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    cwd=self._cwd,
                    env=self._environment(),
                    limit=_LONGEST_ANSWER,
                    start_new_session=True,
                )
        except OSError as error:
            raise RigError(f"cannot start the replaying process in {self._cwd}: {error.strerror or error}") from error
        setup = {"modules": self._modules, "data_converter": self._data_converter, **self._more_setup}
        told = await self._ask(setup, limit=_START_LIMIT, doing="importing the workflow code")
        if "error" in told:
            modules = ", ".join(self._modules) or "no module"
            raise UsageError(f"the workflow code ({modules}) cannot be replayed: {told['error']} (see {self._log})")
        self.workflows = tuple(told["ready"])

    def _environment(self) -> dict[str, str]:
        # Deadlock detection, which TEMPORAL_DEBUG turns off, belongs to what a replay shows.
        left_out = ("PYTHONHASHSEED", "TEMPORAL_DEBUG")
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        seed = {} if self._hash_seed is None else {"PYTHONHASHSEED": str(self._hash_seed)}
        return {**environment, **seed, "PYTHONUNBUFFERED": "1", **self._more_environment}

    async def _ask(self, request: dict[str, Any], *, limit: float, doing: str) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RigError(f"{doing}: the replaying process is not running", log=self._log_tail())
        try:
            async with asyncio.timeout(limit):
                # The answer is read while the request is written: a process that dies half-way is seen either way.
                reading = asyncio.ensure_future(process.stdout.readline())
                try:
                    await _write(process.stdin, request)
                    line = await reading
                finally:
                    reading.cancel()
        except TimeoutError:
            await self._stop()
            raise RigError(f"{doing} took longer than {limit:g} s and was stopped", log=self._log_tail()) from None
        if not line.endswith(b"\n"):
            status = await process.wait()
            await self._stop()
            raise RigError(f"the replaying process ended during {doing} (exit status {status})", log=self._log_tail())
        told: dict[str, Any] = json.loads(line)
        return told

    async def _stop(self) -> None:
        """Kill the process with all it started, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    def _log_tail(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_SHOWN:]
        except OSError:
            return ""


async def _write(stdin: asyncio.StreamWriter, request: dict[str, Any]) -> None:
    # A broken pipe shows as an answer that never comes: the reader tells of it, with the log.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(json.dumps(request).encode() + b"\n")
        await stdin.drain()


def _workflow_type(history: History) -> str:
    started = next(history.of_type("WORKFLOW_EXECUTION_STARTED"), {})
    told = started.get("workflowExecutionStartedEventAttributes") or {}
    return str((told.get("workflowType") or {}).get("name", ""))


def _free_name(logs: Path) -> Path:
    number = 1
    while (found := logs / f"replay-{number}.log").exists():
        number += 1
    found.touch()
    return found
