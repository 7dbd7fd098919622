"""A proxy before a real provider that records what it answers, so that a script can be made of it.

::

    client ──HTTP──▶ the proxy's port on 127.0.0.1 ──HTTPS──▶ the provider
                       │ bytes pass both ways as they come, streams event by event
                       └▶ what was asked and answered, without headers, is kept as a script

Credentials are the client's own. They pass in its headers, are kept nowhere, and are withheld from what is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from harness.doors.model.catalogue import dialect_of
from harness.doors.model.dialect import Dialect
from harness.doors.model.errors import error_answer
from harness.doors.model.recorded import Recording, digest_of, written
from harness.doors.model.streaming import said_in
from harness.errors import UsageError
from harness.processes.ports import IP, listening
from harness.records.withheld import is_harmless_header, looks_secret, path_without_secrets, text_without

T = TypeVar("T")

_CALLS = 256  # calls that are under way at once
_LIMIT = 600.0  # seconds between two bytes of an answer: as long as the official clients wait
_AT_ONCE = 64 * 1024
_SHORTEST_SECRET = 8  # characters that a key has at least: what is shorter stands in any text
_LONGEST_WORD = 16  # characters that a value has at least which is withheld whatever its header is called
_OF_ONE_WAY = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"})
_NOT_SENT_ON = _OF_ONE_WAY | {"host", "accept-encoding", "expect", "proxy-connection", "proxy-authorization"}
_OF_WHOSE_KEY = (401, 403, 407)
"""Statuses that say something of the credentials, and not of what was asked."""
_TOLD_TO_WAIT = ("retry-after", "retry-after-ms", "x-should-retry")
_BROKEN = (OSError, http.client.HTTPException)  # urllib's own error is an OSError
_UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Upstream:
    """The address of a real provider.

    Attributes:
        origin: Scheme, host and port.
        path: What comes before the paths of its API, without ``/v1`` at its end; empty: nothing.
        version: ``/v1`` where the address has it or has no path at all, else empty.
    """

    origin: str
    path: str
    version: str

    @property
    def host(self) -> str:
        """Its host, with the port where one is named."""
        return urlsplit(self.origin).netloc


def upstream_at(url: str) -> Upstream:
    """Return the address of a provider, as ``OPENAI_BASE_URL`` or ``ANTHROPIC_BASE_URL`` would name it.

    Raises:
        UsageError: It is no address of HTTP, or it holds more than host and path: a key, a query.
    """
    example = "https://api.openai.com/v1 or https://api.anthropic.com"
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise UsageError(f"--upstream must be an address such as {example}, got {url!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            f"--upstream must be scheme, host and path alone, such as {example}: keys come from the client"
        )
    path = parts.path.rstrip("/")
    version = "/v1" if path.endswith("/v1") or not path else ""
    return Upstream(f"{parts.scheme}://{parts.netloc}", path.removesuffix("/v1"), version)


class RecordingProxy:
    """Passes calls on to a provider and records them. An async context manager.

    Args:
        upstream: The provider.
        recording: Where answers are kept.
        tell: Called with a line for each call.
    """

    def __init__(self, *, upstream: Upstream, recording: Recording, tell: Callable[[str], None]) -> None:
        self._upstream = upstream
        self._recording = recording
        self._tell = tell
        self._opener = urllib.request.build_opener(_AsItIs)
        self._threads = ThreadPoolExecutor(_CALLS, thread_name_prefix="recording")
        self._server = _Server(
            uvicorn.Config(
                self._serve,
                interface="asgi3",
                lifespan="off",
                log_config=None,
                log_level=logging.CRITICAL,  # an answer that breaks off is told by us
                access_log=False,
                server_header=False,
                date_header=False,
            )
        )

    async def __aenter__(self) -> RecordingProxy:
        listener = listening()
        self._port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        await self._serving
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def openai_url(self) -> str:
        """What ``OPENAI_BASE_URL`` is for a client."""
        return f"{self.anthropic_url}{self._upstream.version}"

    @property
    def anthropic_url(self) -> str:
        """What ``ANTHROPIC_BASE_URL`` is for a client."""
        return f"http://{IP}:{self._port}{self._upstream.path}"

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with contextlib.suppress(ClientDisconnect):
            response = await self._passed_on(request, await request.body())
            await response(scope, receive, send)

    async def _passed_on(self, request: Request, body: bytes) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        path = request.scope["raw_path"].decode("ascii")
        call = _PassedCall(request.method, path.removeprefix(self._upstream.path), body)
        self._recording.secrets |= _secrets_of(request.headers, query)
        asking = urllib.request.Request(
            f"{self._upstream.origin}{path}" + (f"?{query}" if query else ""),
            data=body if body or request.method == "POST" else None,
            headers={name: value for name, value in request.headers.items() if name not in _NOT_SENT_ON},
            method=request.method,
        )
        try:
            reply = await self._in_thread(lambda: self._opener.open(asking, timeout=_LIMIT))
        except _BROKEN as error:
            reason = str(getattr(error, "reason", error))
            self._say(call, f"{self._upstream.host} cannot be reached: {reason}")
            answer = error_answer(
                call.dialect,
                status=502,
                said=f"{self._upstream.host} cannot be reached: {reason}",
                digest="unreachable",
            )
            return Response(answer.body, answer.status, dict(answer.headers))
        headers = {name: value for name, value in reply.headers.items() if name.lower() not in _OF_ONE_WAY}
        return StreamingResponse(self._heard(call, reply), reply.status, headers)

    async def _heard(self, call: _PassedCall, reply: Any) -> AsyncIterator[bytes]:
        """Yield the bytes of an answer as they come; one that came whole is recorded."""
        heard: list[bytes] = []
        try:
            while some := await self._in_thread(lambda: reply.read1(_AT_ONCE)):
                heard.append(some)
                yield some
            if reply.length:
                raise ConnectionError(f"{reply.length} bytes of it are missing")
        except _BROKEN as error:
            self._say(call, f"{reply.status}, not recorded: the answer broke off ({error})")
            raise
        except (asyncio.CancelledError, GeneratorExit):
            self._say(call, f"{reply.status}, not recorded: the client went before the end")
            raise
        finally:
            self._threads.submit(reply.close)  # it waits for a thread that is still reading
        self._record(replace(call, status=reply.status, headers=dict(reply.headers.items())), b"".join(heard))

    def _record(self, call: _PassedCall, heard: bytes) -> None:
        try:
            said, left_out = call.answer(heard)
        except _UnrecordedError as why:
            self._say(call, f"{call.status}, not recorded: {why}")
            return
        try:
            became = self._recording.keep(call.request, said)
        except OSError as error:
            became = f"not recorded: {self._recording.path}: {error.strerror}"
        self._say(call, f"{call.status}, {became}" + (f", without {left_out}" if left_out else ""))

    def _say(self, call: _PassedCall, what: str) -> None:
        text = f"{call.method} {path_without_secrets(call.path)} {what}"
        self._tell(text_without(sorted(self._recording.secrets, key=len, reverse=True), text))

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


class _UnrecordedError(Exception):
    """A call of which no script can be made; the message says why."""


@dataclass(frozen=True)
class _PassedCall:
    """One call, and how it was answered.

    Attributes:
        method: HTTP method in capitals.
        path: Path of the API.
        body: Body of the request.
        status: HTTP status of the answer; 0: there is none yet.
        headers: Headers of the answer.
    """

    method: str
    path: str
    body: bytes
    status: int = 0
    headers: Mapping[str, str] | None = None

    @property
    def dialect(self) -> Dialect:
        """The API that was asked."""
        return dialect_of(self.path)

    @property
    def request(self) -> dict[str, Any]:
        """What was asked.

        Raises:
            _UnrecordedError: It is no JSON object.
        """
        try:
            request = json.loads(self.body)
            digest_of(request)
        except _UNREADABLE:
            request = None
        if not isinstance(request, dict):
            raise _UnrecordedError("the request is no JSON object")
        return request

    def answer(self, heard: bytes) -> tuple[dict[str, Any], str]:
        """Return the answer as a script returns it, and what of it no script says.

        Raises:
            _UnrecordedError: No script can say it.
        """
        if not (self.dialect.plays(self.path) and self.dialect.scripted and self.dialect.said_of):
            raise _UnrecordedError("scripts answer conversations alone")
        request = self.request
        if self.status in _OF_WHOSE_KEY:
            raise _UnrecordedError("it is about the credentials")
        if self.status >= 400:
            return _error(self.status, heard, self.headers or {}), ""
        if self.status != 200:
            raise _UnrecordedError("it is no answer")
        try:
            whole = self._whole(request, heard.decode())
        except _UNREADABLE as error:
            raise _UnrecordedError(f"the answer cannot be read ({error})") from None
        try:
            said = self.dialect.said_of(whole)
        except _UNREADABLE:
            return {"raw": whole}, ""
        return written(said), _left_out(whole, self.dialect)

    def _whole(self, request: dict[str, Any], heard: str) -> dict[str, Any]:
        whole = json.loads(heard) if not self.dialect.streams(request) else None
        if whole is None and self.dialect.whole_of is not None:
            whole = self.dialect.whole_of(said_in(heard))
        if not isinstance(whole, dict):
            raise ValueError("it is no JSON object")
        return whole


class _Server(uvicorn.Server):
    """A server that leaves interrupts to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


class _AsItIs(urllib.request.HTTPErrorProcessor):
    """Gives every answer back: a redirect is the client's affair, and credentials go to no other host."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        """Return the response."""
        return response

    https_response = http_response


def _secrets_of(headers: Mapping[str, str], query: str) -> set[str]:
    """Return what a request carries that may be a credential, whole and in its words."""
    keys = {value for name, value in headers.items() if looks_secret(name)}
    keys |= {part.partition("=")[2] for part in query.split("&") if path_without_secrets(f"?{part}") != f"?{part}"}
    others = {value for name, value in headers.items() if not (looks_secret(name) or is_harmless_header(name))}
    secrets = {word for value in keys for word in (value, *value.split()) if len(word) >= _SHORTEST_SECRET}
    return secrets | {word for value in others for word in value.split() if len(word) >= _LONGEST_WORD}


def _error(status: int, heard: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return an error as a script returns it."""
    waiting = {name.lower(): value for name, value in headers.items() if name.lower() in _TOLD_TO_WAIT}
    try:
        error = json.loads(heard)["error"]
    except _UNREADABLE:
        error = None
    said = error if isinstance(error, dict | str) else heard.decode(errors="replace")
    return {"status": status, "error": said, **({"headers": waiting} if waiting else {})}


def _left_out(whole: dict[str, Any], dialect: Dialect) -> str:
    """Say what an answer holds that no script says; empty: nothing."""
    outputs = whole[dialect.outputs]
    spoken = ("message", "function_call", "text", "tool_use")
    kinds = sorted({str(each["type"]) for each in outputs if "type" in each and each["type"] not in spoken})
    more = ["choices after the first"] if dialect.outputs == "choices" and len(outputs) > 1 else []
    return ", ".join([*kinds, *more])
