"""The development server of the Temporal CLI: own process, own database file, to be killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc.aio
import psutil
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    RegisterNamespaceRequest,
    RegisterNamespaceResponse,
)

from harness.errors import RigError, UsageError
from harness.rig.process import Process

IP = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
_START_ATTEMPTS = 5
_RETENTION = timedelta(days=3)
_PORTS = range(15000, 32000)
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 100),
)


class DevServer:
    """A server that ``async with`` starts, and kills at the end: its database is as safe as after a stop.

    Measured with server 1.29.1 on 2 shared cores: start on a new file 0.3 to 0.45 s, with 50 namespaces 0.4 s;
    start again after SIGKILL 0.13 to 0.3 s; SIGKILL until gone 10 ms; stop by SIGTERM 1.7 to 2.4 s. A namespace is made
    at run time in 10 to 70 ms, 20 at once in 55 to 165 ms, and can be used at once. Activities are not handed out
    eagerly by default; workflows started with ``request_eager_start`` are.

    Args:
        binary: The Temporal CLI.
        folder: Folder of its logs and, unless given, its database.
        database: SQLite file; made with its schema if missing, else gone on from.
        port: Port to listen on; 0 for a free one, which then stays the same over restarts.
        namespaces: Namespaces to make beside ``default``.
        search_attributes: Name and type (``Keyword``, ``Int``, …) of each search attribute to make.
        dynamic_config: Server settings, as key and JSON value.
    """

    def __init__(
        self,
        binary: Path,
        *,
        folder: Path,
        database: Path | None = None,
        port: int = 0,
        namespaces: Sequence[str] = (),
        search_attributes: Mapping[str, str] = {},
        dynamic_config: Mapping[str, object] = {},
    ) -> None:
        self.binary = binary
        self.folder = folder
        self.database = database or folder / "temporal.db"
        self.port = port
        self.namespaces = list(dict.fromkeys(["default", *namespaces]))
        self.search_attributes = dict(search_attributes)
        self.dynamic_config = dict(dynamic_config)
        self._port_asked_for = port
        self._process: Process | None = None

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
            RigError: It does not start, or does not answer in time.
        """
        if self.alive:
            raise RigError(f"the server already runs at {self.address}")
        if self.port and not is_free(self.port):
            self._raise_taken()
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
                return

    async def stop(self) -> None:
        """Stop the server with SIGTERM, which takes it about 2 s, and with SIGKILL if that takes over 10 s."""
        if self._process is not None:
            await self._process.terminate(grace=STOP_SECONDS)
            self._process = None

    async def kill(self) -> None:
        """Kill the server with SIGKILL and wait until it is gone."""
        if self._process is not None:
            await self._process.kill()
            self._process = None

    async def restart(self) -> None:
        """Start the server again on the same database and port, after killing it if it still runs."""
        await self.kill()
        await self.start()

    async def register_namespace(self, name: str) -> None:
        """Make a namespace that can be used as soon as this returns.

        Raises:
            RigError: The server does not make it.
        """
        request = RegisterNamespaceRequest(namespace=name)
        request.workflow_execution_retention_period.FromTimedelta(_RETENTION)
        async with grpc.aio.insecure_channel(self.address, options=_CHANNEL_OPTIONS) as channel:
            register = _method(channel, "RegisterNamespace", RegisterNamespaceResponse)
            try:
                await register(request, timeout=START_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                    raise RigError(f"the namespace {name!r} was not made: {error.details()}") from None
        if name not in self.namespaces:
            self.namespaces.append(name)

    async def _start_at(self, port: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database.parent.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")}
        process = await Process.start(self._command(port), name="server", logs=self.folder, env=environment)
        self._process = process
        ready = asyncio.create_task(self._until_ready(port))
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                return ready.result()
            log = process.log_tail()
            if not ended.done():
                raise RigError(f"the server did not answer within {START_SECONDS:.0f} s", log=log)
            if "address already in use" in log:
                raise _PortTakenError(log)
            raise RigError(f"the server ended while starting, with exit status {process.exit_status}", log=log)
        except BaseException:
            self._process = None
            await process.kill()
            raise
        finally:
            ready.cancel()
            ended.cancel()

    def _command(self, port: int) -> list[str]:
        command = [str(self.binary), "server", "start-dev", "--headless", "--ip", IP, "--port", str(port)]
        command += ["--log-level", "warn", "--db-filename", str(self.database)]
        for pragma in _PRAGMAS:
            command += ["--sqlite-pragma", pragma]
        for name in self.namespaces:
            if name != "default":
                command += ["--namespace", name]
        for name, kind in self.search_attributes.items():
            command += ["--search-attribute", f"{name}={kind}"]
        for key, value in self.dynamic_config.items():
            command += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
        return command

    async def _until_ready(self, port: int) -> None:
        """Wait until this server, and no other that took the port, answers for each namespace."""
        async with grpc.aio.insecure_channel(f"{IP}:{port}", options=_CHANNEL_OPTIONS) as channel:
            describe = _method(channel, "DescribeNamespace", DescribeNamespaceResponse)
            for name in self.namespaces:
                await _until_answered(describe, DescribeNamespaceRequest(namespace=name))
        while not self._listens(port):
            await asyncio.sleep(0.01)

    def _listens(self, port: int) -> bool:
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


_PRAGMAS = ("journal_mode=wal", "synchronous=off")
"""What was written survives the death of the server process, which is what is tried here, and not that of the machine.

Waiting for the disk at each write does harm here: on a busy disk a task was once recorded as started while the poll
answer that should have carried it never came, as if the write had taken longer than the server allows.
"""


class _PortTakenError(Exception):
    """The server ended since a port was taken."""


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((IP, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a free port outside the range from which outgoing connections take theirs.

    So no connection can take it while a killed server is down.
    """
    for _ in range(200):
        port = random.choice(_PORTS)
        if is_free(port):
            return port
    raise RigError(f"no free port found on {IP} in {_PORTS.start} to {_PORTS.stop}")


def _method(channel: grpc.aio.Channel, name: str, response: Any) -> Any:
    return channel.unary_unary(
        f"/temporal.api.workflowservice.v1.WorkflowService/{name}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=response.FromString,
    )


async def _until_answered(call: Any, request: Any) -> None:
    while True:
        try:
            await call(request, timeout=1.0)
            return
        except grpc.aio.AioRpcError:  # not listening yet, or the namespace is not made yet
            await asyncio.sleep(0.01)
