"""The model for code in the test's own process: the clients' transports are mocked, and nothing is sent.

Both transports on which the official clients stand are mocked: httpx by respx, httpx2 by pytest-httpx2. What a fault
does to a connection is the error that the transport raises for it; nobody waits for an answer that never comes.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from harness.doors.http.answer import CLOSED, Answer, parsed
from harness.doors.http.doors import HttpMessage
from harness.doors.model.catalogue import operation_of
from harness.doors.model.due_faults import DueFaults
from harness.errors import UsageError
from harness.faults.transport import ForgetName, RefuseConnections
from harness.testing.doors import Model, ScriptFunction, decided

_PROVIDERS = ("https://api.openai.com/v1", "https://api.anthropic.com")
_NAMED_BY = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL")
_LOOPBACK = r"https?://(localhost|127\.[0-9.]+|\[::1\])([:/].*)?$"


class MockedModel:
    """A model that plays OpenAI and Anthropic to the clients of the test's own process.

    It answers at the providers' own addresses and at those that ``OPENAI_BASE_URL`` and ``ANTHROPIC_BASE_URL`` name;
    any other address that is not on this machine is refused by the mocks.
    """

    def __init__(self, *, folder: Path) -> None:
        self._model = Model(url="", anthropic_url="", folder=folder)
        self._failing = DueFaults("model", more=(RefuseConnections, ForgetName))
        self._numbers = itertools.count(1)
        self._requests: list[HttpMessage] = []

    @property
    def requests(self) -> tuple[HttpMessage, ...]:
        """Every request so far that arrived, in order: ``operation``, ``body``, ``headers``."""
        return tuple(self._requests)

    def answers_with(self, script: ScriptFunction | Path | str) -> None:
        """Say what the model answers, as ``crashproof_model`` does; the script is called in the client's own thread.

        Raises:
            UsageError: The file is missing or defines no ``answer``, or the function is asynchronous.
        """
        self._model.answers_with(script)

    def fails_with(self, fault: str) -> None:
        """Let the next requests meet a fault, as ``crashproof_model`` does, those of an address included.

        Raises:
            UsageError: It is no fault of a model.
        """
        self._failing.add(fault)

    def _reply(self, request: Any, *, base: str, errors: ModuleType) -> Any:
        """Return what the transport hears: a response of httpx, for respx knows no other; or raise its error."""
        fault, turn = self._failing.next
        if fault:
            self._failing.met()
            if isinstance(fault.action, RefuseConnections):
                raise errors.ConnectError("All connection attempts failed")
            if isinstance(fault.action, ForgetName):
                raise errors.ConnectError("[Errno -2] Name or service not known")
        message = self._message(request, base)
        self._requests.append(message)
        decision = decided(fault, message, lambda: self._model.answer(message), turn=turn)
        if decision == "twice":
            decision = self._model.answer(message)
            again = replace(message, position="after", again=True)
            self._requests.append(again)
            self._model.answer(again)
        answer = decision if isinstance(decision, Answer) else CLOSED
        limit = request.extensions.get("timeout", {}).get("read")
        return _response(answer, limit=limit, errors=errors)

    def _message(self, request: Any, base: str) -> HttpMessage:
        path = request.url.raw_path.decode("ascii").removeprefix(urlsplit(base).path.rstrip("/"))
        path = path if path.startswith("/v1/") else f"/v1{path}"
        return HttpMessage(
            slot="test",
            worker=0,
            door="model",
            operation=operation_of(path, request.content),
            number=next(self._numbers),
            position="before",
            method=request.method,
            path=path,
            headers=dict(request.headers),
            body=parsed(request.content),
        )


@contextmanager
def mocked_model(*, folder: Path) -> Iterator[MockedModel]:
    """Mock the transports that are installed, and yield the model that answers.

    Args:
        folder: Folder that script files are relative to.

    Raises:
        UsageError: respx is missing, or pytest-httpx2 where httpx2 is installed.
    """
    respx = _respx()
    model = MockedModel(folder=folder)
    bases = [base for base in (*_PROVIDERS, *map(os.environ.get, _NAMED_BY)) if base]
    with ExitStack() as mocks:
        for transport in _transports():
            router = mocks.enter_context(respx.mock(using=transport, assert_all_called=False))
            errors = importlib.import_module(transport)
            for base in sorted(bases, key=len, reverse=True):
                router.route(url__startswith=base).mock(side_effect=_replying(model, base, errors))
            router.route(url__regex=_LOOPBACK).pass_through()
        yield model


def _replying(model: MockedModel, base: str, errors: ModuleType) -> Callable[[Any], Any]:
    return lambda request: model._reply(request, base=base, errors=errors)


def _respx() -> Any:
    if not importlib.util.find_spec("respx"):
        raise UsageError("crashproof_mocked_model needs two packages: pip install respx pytest-httpx2")
    return importlib.import_module("respx")


def _transports() -> list[str]:
    """Return the names of the transports to mock: httpx's, and httpx2's where that is installed."""
    if not importlib.util.find_spec("httpx2"):
        return ["httpcore"]
    if not importlib.util.find_spec("pytest_httpx2"):
        raise UsageError(
            "httpx2 is installed, on which clients of OpenAI and Anthropic stand, and respx alone does not see what it "
            "sends: pip install pytest-httpx2"
        )
    importlib.import_module("pytest_httpx2")  # makes its transport known to respx
    return ["httpcore", "httpcore2"]


def _response(answer: Answer, *, limit: float | None, errors: ModuleType) -> Any:
    """Return an answer as a response of httpx whose body breaks as the answer says.

    Raises:
        Exception: The transport's own error, for an answer of which nothing is sent.
    """
    httpx = importlib.import_module("httpx")
    broken = _error(answer, errors)
    if broken and not answer.partial:
        raise broken
    headers = dict(answer.headers)
    if not answer.events or answer.announced >= 0:
        headers["content-length"] = str(answer.announced if answer.announced >= 0 else len(answer.body))
    late = errors.ReadTimeout("The read operation timed out") if limit is not None and answer.pause > limit else None
    body = _stream(httpx, answer, waits=limit if late and limit else answer.pause, late=late, broken=broken)
    return httpx.Response(answer.status, headers=headers, stream=body)


def _error(answer: Answer, errors: ModuleType) -> Exception | None:
    """Return what the transport raises for the way in which an answer is delivered; None for a complete one."""
    match answer.delivery:
        case "reset":
            error: Exception = errors.ReadError("[Errno 104] Connection reset by peer")
        case "silent":
            error = errors.ReadTimeout("The read operation timed out")
        case "closed" if answer.partial:
            error = errors.RemoteProtocolError("peer closed connection without sending complete message body")
        case "closed":
            error = errors.RemoteProtocolError("Server disconnected without sending a response.")
        case "complete":
            return None
    return error


def _stream(httpx: Any, answer: Answer, *, waits: float, late: Exception | None, broken: Exception | None) -> Any:
    """Return the body of an answer for clients of both kinds.

    Args:
        httpx: The library.
        answer: The answer.
        waits: Seconds before each part.
        late: What is raised after the first of these waits; None: the part comes.
        broken: What is raised after the last part; None: the body is whole.
    """
    parts = answer.events or (answer.body,)

    def arrived(part: bytes) -> bytes:
        if late:
            raise late
        return part

    class MockedBody(httpx.SyncByteStream, httpx.AsyncByteStream):  # type: ignore[misc]
        """The body of one answer."""

        def __iter__(self) -> Iterator[bytes]:
            for part in parts:
                time.sleep(waits)
                yield arrived(part)
            if broken:
                raise broken

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in parts:
                await asyncio.sleep(waits)
                yield arrived(part)
            if broken:
                raise broken

    return MockedBody()
