"""The life of a server process, whichever engine it is: started, waited for, killed, and started again on its port."""

from __future__ import annotations

import asyncio
import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NoReturn, Self

import grpc.aio
import psutil
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    RegisterNamespaceRequest,
    RegisterNamespaceResponse,
)

from harness.errors import KilledError, RigError, UsageError
from harness.processes import sockets
from harness.processes.ports import IP, free_port, is_free
from harness.processes.process import Process
from harness.records.private_files import make_private

START_SECONDS = 60.0
STOP_SECONDS = 10.0
_START_ATTEMPTS = 5
_RETENTION = timedelta(days=3)
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 100),
)


class Server(ABC):
    """A server that ``async with`` starts, and kills at the end: its database is as safe as after a stop.

    An engine says which command starts it, and may say what is to be done until its namespaces can be used.

    Attributes:
        loss: Why it has ended by itself, since it was started last; None: it has not.

    Args:
        folder: Folder of its logs and of what it keeps.
        database: The SQLite file that it keeps its state in, or None if it keeps it in memory.
        port: Port to listen on; 0 for a free one, which then stays the same over restarts.
        namespaces: Namespaces to make beside ``default``.
    """

    engine: ClassVar[str]
    """Name of the engine, as in ``--engine``."""

    def __init__(self, *, folder: Path, database: Path | None, port: int, namespaces: Sequence[str]) -> None:
        self.folder = folder
        self.database = database
        self.port = port
        self.namespaces = list(dict.fromkeys(["default", *namespaces]))
        self._port_asked_for = port
        self._process: Process | None = None
        self._lost = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.loss: RigError | None = None

    @abstractmethod
    def _command(self, port: int) -> list[str]:
        """Return the command that starts it; called anew at each start."""

    @property
    def address(self) -> str:
        """Host and port of the gRPC service."""
        return f"{IP}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running.pid

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise RigError("the server is not running; start it first")
        return self._process

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.alive

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that the running server logged."""
        return self._running.log_tail(lines)

    async def wait(self) -> int:
        """Wait until the running server has ended, for whatever reason, and return its exit status."""
        return await self._running.wait()

    async def watch(self) -> NoReturn:
        """Wait until the server ends by itself; where it is killed or stopped here that is not what is waited for.

        Raises:
            KilledError: It was killed by somebody else.
            RigError: It ended by itself.
        """
        await self._lost.wait()
        assert self.loss is not None
        raise self.loss

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start the server and wait until it answers for each namespace.

        Raises:
            UsageError: The port that was asked for is taken.
            KilledError: Somebody killed it while it started.
            RigError: It does not start, or does not answer in time.
        """
        if self.alive:
            raise RigError(f"the server already runs at {self.address}")
        if self.port and not is_free(self.port):
            self._raise_taken()
        self.loss = None
        self._lost.clear()
        for attempt in range(1, _START_ATTEMPTS + 1):
            chosen = self.port or free_port()
            try:
                await self._start_at(chosen)
            except _PortTakenError as taken:
                # One of its ports was taken after it was found free; its inner ports are chosen anew at each start.
                if self.port and not is_free(self.port):
                    self._raise_taken()
                if attempt == _START_ATTEMPTS:
                    raise RigError("the server found its ports taken at each start", log=str(taken)) from None
            else:
                self.port = chosen
                self._watching = asyncio.create_task(self._watch(self._running))
                return

    async def stop(self) -> None:
        """Stop the server with SIGTERM, which takes it about 2 s, and with SIGKILL if that takes over 10 s."""
        process, self._process = self._process, None
        if process is not None:
            await process.terminate(grace=STOP_SECONDS)
            await self._unwatched()

    async def kill(self) -> None:
        """Kill the server with SIGKILL and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            await process.kill()
            await self._unwatched()

    async def restart(self) -> None:
        """Start the server again on the same port and, if it has one, database, after killing it if it still runs."""
        await self.kill()
        await self.start()

    async def register_namespace(self, name: str) -> None:
        """Make a namespace that can be used as soon as this returns.

        Raises:
            RigError: The server does not make it.
        """
        async with _channel(self.port) as channel:
            await self._make_namespace(channel, name)
        if name not in self.namespaces:
            self.namespaces.append(name)

    async def _watch(self, process: Process) -> None:
        await process.wait()
        if self._process is process:
            self.loss = process.why_ended("the Temporal server")
            self._lost.set()

    async def _unwatched(self) -> None:
        """Wait for the watch over a process that has ended."""
        if self._watching:
            await self._watching

    async def _start_at(self, port: int) -> None:
        make_private(self.folder)
        if self.database:
            make_private(self.database.parent)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")}
        process = await Process.start(self._command(port), name="server", logs=self.folder, env=environment)
        self._process = process
        ready = asyncio.create_task(self._until_ready(port))
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                return ready.result()
            self._raise_not_started(process, ended=ended.done())
        except BaseException:
            self._process = None
            await process.kill()
            raise
        finally:
            ready.cancel()
            ended.cancel()

    def _raise_not_started(self, process: Process, *, ended: bool) -> None:
        log = process.log_tail()
        if not ended:
            raise RigError(f"the server did not answer within {START_SECONDS:.0f} s", log=log)
        if "address already in use" in log.lower():
            raise _PortTakenError(log)
        if isinstance(why := process.why_ended("the Temporal server"), KilledError):
            raise why
        raise RigError(f"the server ended while starting, with exit status {process.exit_status}", log=log)

    async def _until_ready(self, port: int) -> None:
        """Wait until this server, and no other that took the port, answers for each namespace."""
        while not self._listens(port):
            await asyncio.sleep(0.01)
        async with _channel(port) as channel:
            await self._ready_namespaces(channel)

    async def _ready_namespaces(self, channel: grpc.aio.Channel) -> None:
        """Wait until the server answers for each namespace; an engine that does not make them itself makes them."""
        describe = method(channel, "DescribeNamespace", DescribeNamespaceResponse)
        for name in self.namespaces:
            await until_answered(describe, DescribeNamespaceRequest(namespace=name))

    async def _make_namespace(self, channel: grpc.aio.Channel, name: str) -> None:
        request = RegisterNamespaceRequest(namespace=name)
        request.workflow_execution_retention_period.FromTimedelta(_RETENTION)
        register = method(channel, "RegisterNamespace", RegisterNamespaceResponse)
        try:
            await register(request, timeout=START_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                raise RigError(f"the namespace {name!r} was not made: {error.details()}") from None

    def _listens(self, port: int) -> bool:
        with contextlib.suppress(OSError):
            return not sockets.listening(port).isdisjoint(sockets.opened_by(self.pid).values())
        with contextlib.suppress(psutil.Error):
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for connection in psutil.Process(self.pid).net_connections("tcp")
            )
        return False

    def _raise_taken(self) -> None:
        if self._port_asked_for:
            raise UsageError(f"port {self.port} is taken; choose another, or 0 for a free one")
        raise RigError(f"port {self.port} was taken by another program while the server was down")


class _PortTakenError(Exception):
    """The server ended since a port was taken."""


def _channel(port: int) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"{IP}:{port}", options=_CHANNEL_OPTIONS)


def method(channel: grpc.aio.Channel, name: str, response: Any) -> Any:
    """Return a method of the workflow service, to be awaited with its request."""
    return channel.unary_unary(
        f"/temporal.api.workflowservice.v1.WorkflowService/{name}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=response.FromString,
    )


async def until_answered(call: Any, request: Any) -> None:
    """Ask until there is an answer that is no error."""
    while True:
        try:
            await call(request, timeout=1.0)
            return
        except grpc.aio.AioRpcError:  # not listening yet, or the namespace is not made yet
            await asyncio.sleep(0.01)
