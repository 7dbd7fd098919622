"""The process of the HTTP doors: one server that plays models and effects for every slot.

``/SECRET/SLOT/WORKER/model/...`` is the model's door, ``/SECRET/SLOT/WORKER/effects/NAME`` the effects'; WORKER is the
number of the worker process that was given the path, and SECRET is in the process's environment. Each request is held
before it is executed, and its answer before it goes back, until crashproof decides over the channel. The process ends
with its channel. Run as ``python -m harness.doors.http.server CHANNEL MODEL_SCRIPT EFFECTS_SCRIPTS``: the first script
is ``""`` for none, the others are a JSON object of names of services and their scripts.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import secrets
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from harness.doors.http import channel as http_channel
from harness.doors.http import effects
from harness.doors.http import script as scripts
from harness.doors.http.answer import CLOSED, Answer, json_answer
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
from harness.doors.http.script import Script
from harness.doors.model import model
from harness.doors.model.catalogue import operation_of
from harness.errors import UsageError
from harness.processes.ports import listening

KEEP_ALIVE = 3600
"""Seconds for which an idle connection stays open: longer than any client keeps it, so that no request meets a
connection that is just being closed, which would be a fault that nobody planned."""

_BODILESS = (204, 304)

_PATH = re.compile(r"/+([^/]+)/([^/]+)/([0-9]{1,9})/(model|effects)(?:/(.*))?", re.DOTALL)
"""A path at a door: secret, slot, number of the worker process (0: the starter), door, path below the door."""

_LINGER_ZERO = struct.pack("ii", 1, 0)
"""The value of SO_LINGER with which closing a socket resets its connection."""


class Connection(H11Protocol):
    """One client's connection: it knows when the client is gone, and it can be cut."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        # The application finds its connection in scope["state"].
        self.app_state = {**self.app_state, "connection": self}
        self.lost = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a silent answer end with its client."""
        super().connection_lost(exc)
        self.lost.set()

    async def cut(self) -> None:
        """Close the connection at once; what was not sent is never sent."""
        self.transport.abort()
        await self.lost.wait()

    async def reset(self) -> None:
        """Reset the connection (TCP RST) instead of closing it."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        await self.cut()

    def watch(self) -> None:
        """See the client go from now on: after a large body uvicorn reads no further until it has answered."""
        self.flow.resume_reading()


class Doors:
    """The application: holds every request twice and executes it in between."""

    def __init__(
        self, writer: asyncio.StreamWriter, *, model_script: Script | None, effects_scripts: Mapping[str, Script]
    ) -> None:
        self._writer = writer
        self._model_script = model_script
        self._effects_scripts = effects_scripts
        self._secret = os.environ.pop(SECRET_VARIABLE)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[HttpDecision]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        connection: Connection = scope["state"]["connection"]
        try:
            body = await request.body()
        except ClientDisconnect:  # never a whole message, so never a message
            return
        connection.watch()
        arrived = self._arrived(request, body)
        if arrived is None:
            path = scope["path"].replace(self._secret, "SECRET")
            text = (
                f"{request.method} {path} is no door: OPENAI_BASE_URL, ANTHROPIC_BASE_URL and EFFECTS_URL lead to one"
            )
            self._tell(Notice("", text))
            await deliver(json_answer({"error": {"message": text}}, status=404), connection=connection, send=send)
            return
        answer = await self._exchange(arrived, body)
        await deliver(answer, connection=connection, send=send)

    def decide(self, decided: Decided) -> None:
        """Let a held request go on as decided."""
        waiting = self._waiting.pop(decided.number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(decided.decision)

    async def _exchange(self, arrived: Arrived, body: bytes) -> Answer:
        """Execute the request and return its answer, as far as crashproof lets it."""
        decision = await self._held(arrived)
        instead = _instead(decision)
        if instead is not None:
            return instead
        answer = self._executed(arrived, body)
        if answer.notice:
            self._tell(Notice(arrived.slot, _sendable(answer.notice)))
        given = _instead(await self._held(Executed(arrived.number, answer.status, answer.text))) or answer
        if decision == "twice":
            again = self._executed(arrived, body)
            self._tell(Executed(arrived.number, again.status, again.text, again=True))
        return given

    async def _held(self, frame: Arrived | Executed) -> HttpDecision:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[frame.number] = waiting
        self._tell(frame)
        decision: HttpDecision = await waiting
        return decision

    def _executed(self, arrived: Arrived, body: bytes) -> Answer:
        if arrived.door == "model":
            return model.answer(method=arrived.method, path=arrived.path, body=body, script=self._model_script)
        effect = effects.read(
            method=arrived.method, path=arrived.path, headers=arrived.headers, body=body, trial=arrived.slot
        )
        return effects.answer(effect, scripts=self._effects_scripts)

    def _arrived(self, request: Request, body: bytes) -> Arrived | None:
        """Make a message of a request, or None where it is at no door."""
        matched = _PATH.fullmatch(request.scope["raw_path"].decode("ascii"))
        if matched is None:
            return None
        secret, slot, worker, door, bare = matched.groups(default="")
        if not secrets.compare_digest(secret, self._secret):
            return None
        operation = operation_of(bare, body) if door == "model" else effects.operation_of(request.method, bare)
        query = request.scope["query_string"].decode("latin-1")
        return Arrived(
            number=next(self._numbers),
            slot=unquote(slot),
            worker=int(worker),
            door="model" if door == "model" else "effect",
            operation=operation,
            method=request.method,
            path=f"/{bare}?{query}" if query else f"/{bare}",
            headers=dict(request.headers),
            body=body.decode(errors="replace"),
        )

    def _tell(self, frame: Frame) -> None:
        http_channel.send(self._writer, frame)


def _instead(decision: HttpDecision) -> Answer | None:
    """Return what is given in place of the answer that would have been, or None where all goes on."""
    if isinstance(decision, Answer):
        return decision
    return CLOSED if decision == "drop" else None


async def deliver(answer: Answer, *, connection: Connection, send: Send) -> None:
    """Send an answer as its delivery says; to a client that is gone it is not sent."""
    if answer.delivery == "complete" or answer.partial:
        await _send(answer, connection=connection, send=send)
    match answer.delivery:
        case "closed":
            await connection.cut()
        case "reset":
            await connection.reset()
        case "silent":
            await connection.lost.wait()


async def _send(answer: Answer, *, connection: Connection, send: Send) -> None:
    """Send status, headers and body, and say that this was all unless the connection is to break."""
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in answer.headers.items()]
    body = b"" if answer.status in _BODILESS else answer.body
    size = answer.announced if answer.announced >= 0 else len(body)
    if answer.status not in _BODILESS and (answer.announced >= 0 or not answer.events):
        headers.append((b"content-length", str(size).encode()))
    await _pass(0.0 if answer.events else answer.pause, connection)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for part in answer.events or (body,):
        await _pass(answer.pause if answer.events else 0.0, connection)
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if answer.delivery == "complete":
        await send({"type": "http.response.body", "body": b""})


async def _pass(seconds: float, connection: Connection) -> None:
    """Let time pass, unless the client goes."""
    if seconds:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await connection.lost.wait()


async def serve(channel: str, *, model_script: str, effects_scripts: Mapping[str, str]) -> None:
    """Serve until the channel ends.

    Args:
        channel: Path of the unix socket on which crashproof listens.
        model_script: Path of the model script, or empty.
        effects_scripts: Paths of the scripts of effect services, by their names.
    """
    reader, writer = await asyncio.open_unix_connection(channel)
    try:
        said = scripts.load(Path(model_script)) if model_script else None
        answered = {name: scripts.load(Path(file)) for name, file in effects_scripts.items()}
    except UsageError as error:
        http_channel.send(writer, Refused(_sendable(str(error))))
        writer.close()
        await writer.wait_closed()
        return
    doors = Doors(writer, model_script=said, effects_scripts=answered)
    listener = listening()
    serving = asyncio.create_task(_server(doors).serve(sockets=[listener]))
    serving.add_done_callback(_leave)
    http_channel.send(writer, Serving(listener.getsockname()[1]))
    while frame := await http_channel.receive(reader):
        if isinstance(frame, Decided):
            doors.decide(frame)
    os._exit(0)  # crashproof is gone, or is done with this process: nobody is left to tell anything


def _leave(serving: asyncio.Task[None]) -> None:
    """End the process when its server ends: without it there is nothing to do, and crashproof must see it."""
    failure = None if serving.cancelled() else serving.exception()
    print(f"the HTTP server ended: {failure!r}", file=sys.stderr, flush=True)
    os._exit(1)


def _server(doors: Doors) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            doors,
            interface="asgi3",
            http=Connection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=1024,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=1,
        )
    )


def _sendable(text: str) -> str:
    return text.encode(errors="replace").decode()


def main() -> None:
    """Serve as the command line says."""
    # The command runs without the current folder in front of everything (-P), so that no file of the user's project
    # can stand in for a module of ours; the user's scripts may import from it.
    sys.path.append(os.getcwd())
    channel, model_script, effects_scripts = sys.argv[1:]
    asyncio.run(serve(channel, model_script=model_script, effects_scripts=json.loads(effects_scripts)))


if __name__ == "__main__":
    main()
