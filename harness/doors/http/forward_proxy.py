"""The forward proxy: the door for calls of tools that are somewhere in the world, found by ``HTTP_PROXY``.

A plain HTTP call arrives whole, is held, sent to where it was meant for, and its answer is held again: it is an effect
like those of the effect server, named by method and host, but a real one. Of an HTTPS call only ``CONNECT`` is seen: it
can be held, refused and cut; what travels in it is nobody's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import h11

from harness.doors.decision import Decision
from harness.doors.http.answer import CLOSED, Answer, parsed
from harness.doors.http.doors import HttpMessage
from harness.processes.ports import IP

_AT_ONCE = 64 * 1024
_LIMIT = 60.0  # seconds for a server out there to take a connection
_OWN_HEADERS = frozenset({"proxy-connection", "proxy-authorization", "connection", "keep-alive", "expect"})
_READS = frozenset({"GET", "HEAD", "OPTIONS", "CONNECT"})

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ForwardProxy:
    """Serves the calls of one trial's worker processes. An async context manager.

    Args:
        slot: The slot of the trial.
        worker: Gives the number of the worker process that runs.
        decide: Asked for every call, before it is sent and before its answer goes back.
    """

    def __init__(
        self, *, slot: str, worker: Callable[[], int], decide: Callable[[HttpMessage], Awaitable[Decision]]
    ) -> None:
        self._slot = slot
        self._worker = worker
        self._deciding = decide
        self._numbers = itertools.count(-1, -1)  # those of the other HTTP doors are positive
        self.port = 0

    async def __aenter__(self) -> ForwardProxy:
        self._server = await asyncio.start_server(self._serve, IP, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()

    def environment(self) -> dict[str, str]:
        """Return the variables by which clients find it; those of this machine are called without it."""
        url = f"http://{IP}:{self.port}"
        return dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), url)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one call; the connection is closed after it."""
        with contextlib.suppress(OSError, h11.ProtocolError, TimeoutError):
            connection = h11.Connection(h11.SERVER)
            request, body = await _whole(connection, reader)
            message = self._message(request, body)
            decision = await self._deciding(message)
            answer = _instead(decision)
            if answer is None:
                await self._execute(message, request, body, client=(reader, writer), connection=connection)
                if decision == "twice" and message.method != "CONNECT":
                    await self._execute_again(message, request, body)
            else:
                await _deliver(answer, connection, writer)
        writer.close()

    def _message(self, request: h11.Request, body: bytes) -> HttpMessage:
        method, target = request.method.decode(), request.target.decode()
        host = target if method == "CONNECT" else urlsplit(target).netloc
        return HttpMessage(
            slot=self._slot,
            worker=self._worker(),
            door="effect",
            operation=f"{method}:{host}" if method in _READS else host,
            number=next(self._numbers),
            position="before",
            method=method,
            path=target,
            headers={name.decode(): value.decode("latin-1") for name, value in request.headers},
            body=parsed(body.decode(errors="replace")) if body else "",
        )

    async def _execute(
        self, message: HttpMessage, request: h11.Request, body: bytes, *, client: _Streams, connection: h11.Connection
    ) -> None:
        """Do what was asked, and give the answer to it as far as that is let go."""
        try:
            async with asyncio.timeout(_LIMIT):
                server = await asyncio.open_connection(*_address(message))
        except (OSError, TimeoutError) as error:
            answer = Answer(status=502, headers={"content-type": "text/plain"}, body=f"{error}".encode())
            await _deliver(await self._after(message, answer) or answer, connection, client[1])
            return
        try:
            if message.method == "CONNECT":
                await self._tunnel(message, client=client, server=server, connection=connection)
            else:
                answer = await _asked(message, request, body, server=server)
                await _deliver(await self._after(message, answer) or answer, connection, client[1])
        finally:
            server[1].close()

    async def _execute_again(self, message: HttpMessage, request: h11.Request, body: bytes) -> None:
        """Do what was asked once more, as where a request arrives twice: nobody hears the answer."""
        async with asyncio.timeout(_LIMIT):
            server = await asyncio.open_connection(*_address(message))
        try:
            await self._after(replace(message, again=True), await _asked(message, request, body, server=server))
        finally:
            server[1].close()

    async def _after(self, message: HttpMessage, answer: Answer) -> Answer | None:
        """Hold an answer, and return what is given in its place, if anything is."""
        answered = {"status": answer.status, "answer": parsed(answer.text), "answer_text": answer.text}
        return _instead(await self._deciding(replace(message, position="after", **answered)))

    async def _tunnel(
        self, message: HttpMessage, *, client: _Streams, server: _Streams, connection: h11.Connection
    ) -> None:
        instead = await self._after(message, Answer(status=200))
        if instead is not None:
            await _deliver(instead, connection, client[1])
            return
        client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        early = connection.trailing_data[0]
        server[1].write(early)
        await asyncio.gather(_pipe(client[0], server[1]), _pipe(server[0], client[1]))


def _instead(decision: Decision) -> Answer | None:
    """Return what is given in place of the answer that would have been, or None where all goes on."""
    if isinstance(decision, Answer):
        return decision
    return None if decision in ("go", "twice") else CLOSED


def _address(message: HttpMessage) -> tuple[str, int]:
    url = urlsplit(f"//{message.path}" if message.method == "CONNECT" else message.path)
    return url.hostname or "", url.port or 80


async def _whole(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[Any, bytes]:
    """Read one request or response to its end."""
    head: Any = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_AT_ONCE))
        elif isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or event is h11.PAUSED:
            if head is None:
                raise ConnectionResetError("the connection was closed without a message")
            return head, body


async def _asked(message: HttpMessage, request: h11.Request, body: bytes, *, server: _Streams) -> Answer:
    """Send a request on, and return the whole answer."""
    url, connection = urlsplit(message.path), h11.Connection(h11.CLIENT)
    headers = [(name, value) for name, value in request.headers if name.decode() not in _OWN_HEADERS]
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    asking = h11.Request(method=request.method, target=target, headers=[*headers, (b"connection", b"close")])
    parts = (asking, h11.Data(data=body), h11.EndOfMessage())
    server[1].write(b"".join(connection.send(part) or b"" for part in parts))
    reply, content = await _whole(connection, server[0])
    kept = {name.decode(): value.decode("latin-1") for name, value in reply.headers}
    dropped = (*_OWN_HEADERS, "transfer-encoding", "content-length")
    return Answer(
        status=reply.status_code,
        headers={name: value for name, value in kept.items() if name not in dropped},
        body=content,
    )


async def _deliver(answer: Answer, connection: h11.Connection, writer: asyncio.StreamWriter) -> None:
    """Give an answer as its delivery says."""
    match answer.delivery:
        case "complete":
            headers = [*answer.headers.items(), ("content-length", str(len(answer.body))), ("connection", "close")]
            head = h11.Response(status_code=answer.status, headers=headers)
            parts = (head, h11.Data(data=answer.body), h11.EndOfMessage())
            writer.write(b"".join(connection.send(part) or b"" for part in parts))
            await writer.drain()
        case "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        case "silent":
            await writer.wait_closed()
        case "closed":
            writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while some := await reader.read(_AT_ONCE):
            writer.write(some)
            await writer.drain()
    writer.close()
