"""Striking: how each action of a fault is carried out on the worker processes and the server of one trial."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from harness.doors.decision import Decision, Refusal
from harness.doors.http.answer import Answer
from harness.doors.model import faulty as model_faults
from harness.faults.action import (
    Kill,
    KillServer,
    LoseReply,
    ModelError,
    Pause,
    Refuse,
    Reset,
    Silence,
    Terminate,
    Truncate,
)
from harness.faults.fault import Fault
from harness.records.deadline import PATIENCE_SECONDS, TERM_SECONDS
from harness.records.tape import Entry
from harness.trial.nemesis import Nemesis, Struck
from harness.trial.worker import WorkerProcesses

_ZOMBIE_SECONDS = 60.0  # for the work of a paused process to be done by another one
_LAST_WORDS_SECONDS = 5.0  # for a zombie to say what it still has to say


class RecoverTask(Protocol):
    """Lets the timeout of one activity happen now."""

    async def __call__(self, entry: Entry, *, running: bool = False) -> None:
        """Let the attempt of an entry time out.

        Args:
            entry: A message of the attempt.
            running: Whether a living process is at it, and only start-to-close can end it.
        """


class OwnServer(Protocol):
    """The server of a trial that has one for itself."""

    async def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""

    async def start(self) -> None:
        """Start it on the same database and port."""


class Striking:
    """The powers of the nemesis in one trial.

    Args:
        workers: The worker processes.
        nemesis: Its tape tells what has happened.
        recover_task: Frees a task that was handed out in an answer which nobody heard.
        recover_unheard: Frees every task that the server has handed out and nobody has heard of, given the number of
            the worker process.
        server: The trial's own server, where it has one.
        crashed: Called between the death of the server and its start.
        answer: Gives the body of the answer to an HTTP message by its number, exactly as it was to be sent.
    """

    def __init__(
        self,
        *,
        workers: WorkerProcesses,
        nemesis: Nemesis,
        recover_task: RecoverTask,
        recover_unheard: Callable[[int], Awaitable[None]],
        server: OwnServer | None = None,
        crashed: Callable[[], Awaitable[None]] | None = None,
        answer: Callable[[int], str] = lambda message: "",
    ) -> None:
        self._workers = workers
        self._nemesis = nemesis
        self._recover_task = recover_task
        self._recover_unheard = recover_unheard
        self._server = server
        self._crashed = crashed
        self._answer = answer

    def spares(self, worker: int) -> bool:
        """Tell whether a worker process is a zombie: it had its strike, and only ends what it had begun."""
        return self._workers.is_zombie(worker)

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        """Carry a fault out on the message of an entry, at this moment."""
        match fault.action:
            case Kill():
                number = self._workers.kill_now()
                # One that was asked to end is already being followed by the next.
                healing = None if self._workers.is_ending(number) else self._workers.start_again()
                return Struck(decision="drop", dead=number, healing=healing)
            case Terminate():
                self._workers.terminate_now()
                return Struck(decision="go", healing=self._workers.start_after_end(limit=TERM_SECONDS))
            case Pause():
                return self._pause(entry)
            case KillServer():
                return self._kill_server(entry)
            case Refuse(code):
                return Struck(decision=Refusal(code, f"refused by crashproof: {fault.name}"))
            case LoseReply():
                return self._lose_reply(entry)
            case ModelError() | Reset() as action:
                return Struck(decision=_in_place(action, entry))
            case Silence() as action:
                return Struck(decision=_in_place(action, entry), healing=self._end_silence(entry))
            case Truncate():
                return Struck(decision=model_faults.truncated(self._answer(entry.message)))

    def _lose_reply(self, entry: Entry) -> Struck:
        if entry.door != "wire":
            return Struck(decision="drop")
        handed_out = entry.operation == "PollActivityTaskQueue"
        healing = self._recover_task(entry) if handed_out else None
        return Struck(decision=Refusal("UNAVAILABLE", "the connection was lost"), healing=healing)

    def _kill_server(self, entry: Entry) -> Struck:
        killed = asyncio.Event()
        return Struck(decision=self._after(killed, entry), healing=self._server_again(killed, entry))

    async def _after(self, killed: asyncio.Event, entry: Entry) -> Decision:
        await killed.wait()
        return Refusal("UNAVAILABLE", "the server was killed") if entry.door == "wire" else "go"

    async def _server_again(self, killed: asyncio.Event, entry: Entry) -> None:
        assert self._server is not None
        try:
            await self._server.kill()
        finally:
            killed.set()
        self._nemesis.note("stop-server")
        if self._crashed:
            await self._crashed()
        await self._server.start()
        self._nemesis.note("start-server")
        await self._recover_unheard(entry.worker)

    def _pause(self, entry: Entry) -> Struck:
        zombie = self._workers.pause_now()
        resumed = asyncio.Event()

        async def decision() -> Decision:
            await resumed.wait()
            return "go"

        return Struck(decision=decision(), healing=self._resume(entry, zombie=zombie, resumed=resumed))

    async def _resume(self, entry: Entry, *, zombie: int, resumed: asyncio.Event) -> None:
        """Let another process do the zombie's work; then let the zombie go on, and wait for its last words."""
        await self._workers.start_beside(zombie)
        newer = self._workers.number
        since = time.time()
        await self._nemesis.until(
            lambda seen: _ends_task(seen, entry) and seen.worker == newer and seen.kind == "reply",
            timeout=_ZOMBIE_SECONDS,
        )
        self._workers.continue_now(zombie)
        self._nemesis.note("continue-worker", worker=zombie)
        resumed.set()
        await self._nemesis.until(
            lambda seen: _ends_task(seen, entry) and seen.worker == zombie and seen.kind == "reply" and seen.at > since,
            timeout=_LAST_WORDS_SECONDS,
        )

    async def _end_silence(self, entry: Entry) -> None:
        """Wait until the agent has given up on the call; if it does not, let its activity time out as declared."""
        since = time.time()
        given_up = await self._nemesis.until(
            lambda seen: (
                seen.at > since
                and seen.kind == "request"
                and (seen.run_id, seen.activity_id) == (entry.run_id, entry.activity_id)
                and (seen.door == "model" or _ends_task(seen, entry))
            ),
            timeout=PATIENCE_SECONDS,
        )
        if not given_up:
            await self._recover_task(entry, running=True)


def _in_place(action: ModelError | Reset | Silence, entry: Entry) -> Answer:
    path = str(entry.facts.get("path", ""))
    return model_faults.answer_to(action, operation=entry.operation, path=path, now=time.time())


def _ends_task(seen: Entry, struck: Entry) -> bool:
    """Tell whether an entry is the end of the task that a struck message belonged to."""
    if (seen.run_id, seen.activity_id) != (struck.run_id, struck.activity_id):
        return False
    ends = "RespondActivityTask" if struck.activity_id else "RespondWorkflowTask"
    return seen.operation.startswith(ends)
