"""The HTTP doors: the model server and the effect server, each message held until crashproof lets it go on.

They are real servers in one process of their own, shared by all slots. Every path begins with a secret of the doors,
so that no other user of the machine can add calls; a slot is its second part, and the number of the worker process that
was given the path is the third.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

import msgspec

from harness.doors.decision import Decision, Refusal
from harness.doors.http import channel as http_channel
from harness.doors.http.answer import parsed
from harness.doors.http.channel import (
    SECRET_VARIABLE,
    Arrived,
    Decided,
    Executed,
    Frame,
    HttpDecision,
    Notice,
    Refused,
    Serving,
)
from harness.errors import RigError, UsageError
from harness.processes import scratch
from harness.processes.process import Process
from harness.records.message_facts import HttpCall, HttpReply
from harness.records.point import Position
from harness.records.withheld import path_without_secrets, without_secrets

__all__ = ["Decide", "Decision", "HttpDoors", "HttpMessage", "Notice"]

_T = TypeVar("_T")
_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_PROCESS = "the process of the model and effect servers"
_SOCKET_PATH = 100  # characters that the path of a unix socket may have on any system
_START_LIMIT = 60.0  # seconds for the process to serve; scripts may import much
_END_LIMIT = 20.0  # seconds for a process whose channel ended to be gone


@dataclass(frozen=True, kw_only=True)
class HttpMessage:
    """One request at a door, or its answer.

    Attributes:
        slot: Whose worker sent it.
        worker: Which worker process of that slot sent it, from 1: the one that was given the path.
        door: Where it is held.
        operation: ``chat.completions`` or ``responses``, an unknown path of the model as it is; the name of an
            effect, or ``GET:name`` of a read (see ``harness.doors.http.effects``).
        number: Number of the request; its answer has the same.
        position: ``before``: not executed yet. ``after``: executed, the answer not sent yet.
        method: HTTP method in capitals.
        path: Path below the door, with its query: the same in every slot.
        headers: Headers of the request, names in lower case.
        body: Body of the request: parsed JSON, else the text.
        status: HTTP status of the answer; 0 before.
        answer: Body of the answer: parsed JSON, else the text; None before.
        answer_text: The same as text; empty before.
        again: Whether it is the second execution of a request that arrived twice: its answer is heard by nobody, and
            nothing can be decided about it.
    """

    slot: str
    worker: int
    door: Literal["model", "effect"]
    operation: str
    number: int
    position: Position
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = ""
    status: int = 0
    answer: Any = None
    answer_text: str = ""
    again: bool = False

    @property
    def facts(self) -> HttpCall | HttpReply:
        """What the tape keeps of it: everything but secrets."""
        headers, path = without_secrets(self.headers), path_without_secrets(self.path)
        call = HttpCall(method=self.method, path=path, headers=headers, body=self.body)
        if self.position == "before":
            return call
        return HttpReply(**msgspec.structs.asdict(call), answer=self.answer)


Decide = Callable[[HttpMessage], Awaitable[Decision]]
"""Decides what becomes of a held message.

An ``Answer`` is given in place of the one that would have been; given before, the request is not executed, and nothing
is decided after. ``twice``, given before, has the second execution come here as well. A ``Refusal`` cannot be given
here. It may take as long as it likes in deciding, in a task of its own: when the client goes away meanwhile it is not
cancelled, and its decision holds (a request let go is executed all the same)."""


class HttpDoors:
    """The running servers; an async context manager.

    Args:
        decide: Asked for every request, before it is executed and before its answer goes back.
        logs: Folder for the log of the servers' process.
        model_script: What the model says (see ``harness.doors.model.model``).
        effects_scripts: What the services of effects answer, by their names (see ``harness.doors.http.effects``).
        notice: Called with what the user must know, each thing once for each slot: a script that raised, an unknown
            path. By default a line on standard error.
    """

    def __init__(
        self,
        *,
        decide: Decide,
        logs: Path,
        model_script: Path | None = None,
        effects_scripts: Mapping[str, Path] | None = None,
        notice: Callable[[Notice], None] | None = None,
    ) -> None:
        self._deciding = decide
        self._logs = logs
        self._model_script = model_script
        self._effects_scripts = effects_scripts or {}
        self._notice = notice or _print
        self._noticed: set[Notice] = set()
        self._open: dict[int, HttpMessage] = {}
        self._twice: set[int] = set()  # of which another execution is still to come
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self._port = 0
        self._secret = secrets.token_urlsafe(16)

    async def __aenter__(self) -> HttpDoors:
        """Start the process and wait until it serves.

        Raises:
            UsageError: A script is missing or cannot be imported.
            RigError: The process does not serve.
        """
        for script in (self._model_script, *self._effects_scripts.values()):
            if script is not None and not script.is_file():
                raise UsageError(f"script {script} does not exist")
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill the process; what is held is dropped."""
        self._reading.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._reading, *self._tasks, return_exceptions=True)
        await self._stop()

    @property
    def pid(self) -> int:
        """Process id of the servers."""
        return self._process.pid

    def model_url(self, slot: str, *, worker: int) -> str:
        """Return what ``OPENAI_BASE_URL`` is for a worker process in that slot."""
        return f"{self._url(slot, worker)}/model/v1"

    def anthropic_url(self, slot: str, *, worker: int) -> str:
        """Return what ``ANTHROPIC_BASE_URL`` is for a worker process in that slot."""
        return f"{self._url(slot, worker)}/model"

    def effects_url(self, slot: str, *, worker: int) -> str:
        """Return what ``EFFECTS_URL`` is for a worker process in that slot; an effect's name follows after a slash."""
        return f"{self._url(slot, worker)}/effects"

    @property
    def failure(self) -> Exception | None:
        """What ``watch`` raises; None while they are well."""
        return self._failure

    async def watch(self) -> NoReturn:
        """Wait for the doors to fail; while they are well it never returns.

        Raises:
            KilledError: The process was killed.
            RigError: The process ended by itself.
            Exception: What ``decide`` or ``notice`` raised; the message was dropped.
        """
        await self._failed.wait()
        assert self._failure is not None
        raise self._failure

    def _url(self, slot: str, worker: int) -> str:
        if self._failure is not None:
            raise self._failure
        return f"http://127.0.0.1:{self._port}/{self._secret}/{slot}/{worker}"

    async def _start(self) -> None:
        # The path of a unix socket is limited to about 100 characters, so it is not in the folder of the logs.
        folder = scratch.new_folder("doors", longest=_SOCKET_PATH - len("/doors"))
        connected: asyncio.Future[_Ends] = asyncio.get_running_loop().create_future()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not connected.done():
                connected.set_result((reader, writer))

        try:
            channel = os.path.join(folder, "doors")
            listener = await asyncio.start_unix_server(accept, channel)
            try:
                self._process = await self._launch(channel)
                self._reader, self._writer = await self._unless_ended(connected)
            finally:
                listener.close()
        finally:
            scratch.remove(folder)
        frame = await self._unless_ended(asyncio.ensure_future(http_channel.receive(self._reader)))
        if isinstance(frame, Refused):
            raise UsageError(frame.reason)
        if not isinstance(frame, Serving):
            raise await self._died()
        self._port = frame.port

    async def _launch(self, channel: str) -> Process:
        command = [sys.executable, "-P", "-m", "harness.doors.http.server", channel]
        command += [str(self._model_script or ""), json.dumps(self._effects_scripts, default=str)]
        # With a fixed seed a script that goes through a set answers the same in every run.
        env = {**os.environ, "PYTHONHASHSEED": "0", SECRET_VARIABLE: self._secret}
        return await Process.start(command, name="http-doors", logs=self._logs, env=env)

    async def _unless_ended(self, awaited: asyncio.Future[_T]) -> _T:
        """Wait for something of the starting process.

        Raises:
            RigError: The process ended first, or took too long.
        """
        ended = asyncio.create_task(self._process.wait())
        try:
            both: set[asyncio.Future[Any]] = {awaited, ended}
            await asyncio.wait(both, timeout=_START_LIMIT, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():  # what it sent before it ended may still have to be read
                await asyncio.wait({awaited}, timeout=1)
            if awaited.done():
                return awaited.result()
            raise await self._died()
        finally:
            awaited.cancel()
            ended.cancel()

    async def _died(self) -> RigError:
        """Return the error for a process that ended or does not answer, and see to it that it has ended."""
        try:
            async with asyncio.timeout(_END_LIMIT):
                await self._process.wait()
        except TimeoutError:
            await self._process.kill()
            return RigError(f"{_PROCESS} (pid {self.pid}) did not answer", log=self._process.log_tail())
        return self._process.why_ended(_PROCESS)

    async def _stop(self) -> None:
        if hasattr(self, "_writer"):
            self._writer.close()
        if hasattr(self, "_process"):
            await self._process.kill()

    async def _read(self) -> None:
        while frame := await http_channel.receive(self._reader):
            try:
                self._take(frame)
            except Exception as error:
                self._fail(error)
        self._fail(await self._died())

    def _take(self, frame: Frame) -> None:
        match frame:
            case Arrived():
                self._ask(_message(frame))
            case Executed():
                answered = {"status": frame.status, "answer": parsed(frame.answer), "answer_text": frame.answer}
                executed = replace(self._open[frame.number], position="after", again=frame.again, **answered)
                self._ask(executed)
            case Notice() if frame not in self._noticed:
                self._noticed.add(frame)
                self._notice(frame)

    def _ask(self, message: HttpMessage) -> None:
        self._open[message.number] = message
        task = asyncio.create_task(self._decide(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide(self, message: HttpMessage) -> None:
        decision: HttpDecision = "drop"
        try:
            decision = _carried_out(await self._deciding(message))
        except Exception as error:
            self._fail(error)
        finally:
            self._settle(message, decision)

    def _settle(self, message: HttpMessage, decision: HttpDecision) -> None:
        """Tell what was decided about a message, and forget it unless there is more to come of it."""
        number, before = message.number, message.position == "before"
        if before and decision == "twice":
            self._twice.add(number)
        elif message.again or (number not in self._twice and (not before or decision != "go")):
            self._twice.discard(number)
            del self._open[number]
        if not message.again:
            http_channel.send(self._writer, Decided(number, decision))

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
            self._failed.set()


def _carried_out(decision: Decision) -> HttpDecision:
    """Return a decision that an HTTP door can carry out.

    Raises:
        TypeError: It cannot.
    """
    if isinstance(decision, Refusal):
        raise TypeError(f"{decision!r} cannot be given at an HTTP door, which has no gRPC status; give an Answer")
    return decision


def _message(arrived: Arrived) -> HttpMessage:
    return HttpMessage(
        slot=arrived.slot,
        worker=arrived.worker,
        door=arrived.door,
        operation=arrived.operation,
        number=arrived.number,
        position="before",
        method=arrived.method,
        path=arrived.path,
        headers=arrived.headers,
        body=parsed(arrived.body),
    )


def _print(notice: Notice) -> None:
    print(f"{notice.slot}: {notice.text}" if notice.slot else notice.text, file=sys.stderr, flush=True)
