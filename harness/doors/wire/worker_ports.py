"""The ports of a wire door: each worker process has one of its own, by which the door knows who calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from harness.doors.wire.certificate import Certificate
from harness.doors.wire.serving import GrpcServer, Refused

ServeWorker = Callable[[str, bytes, Any, int], Awaitable[bytes]]
"""Answers one call: its method's path, its raw request, gRPC's context of it, and the number of its worker process."""


class WorkerPorts:
    """Listens on a port for each worker process, told to it as its address: who calls there is this one, or below it.

    Where the user has fixed the address there is one more port, by which all come that are not told their own. Then the
    process that owns a connection is looked up, with its first call.

    It is an async context manager, and answers from ``serve`` on; who calls before waits.

    Attributes:
        address: Where everybody calls who is no worker process, the user's own starter; known once entered.
        opened: The number of each port that listens.

    Args:
        sender: Says which worker process a connection (its local port) belongs to, 0: none; asked of a fixed address.
        fixed: The fixed ``host:port``; empty: each worker process has a port of its own.
        certificate: The certificate with which the ports speak TLS; None: they speak none.
        refused: Learns of calls that are refused since they come from elsewhere; None: nobody does.
    """

    def __init__(
        self,
        *,
        sender: Callable[[int], int],
        fixed: str = "",
        certificate: Certificate | None = None,
        refused: Refused | None = None,
    ) -> None:
        self.address = fixed
        self.opened: set[int] = set()
        self._fixed = fixed
        self._certificate = certificate
        self._refused = refused
        self._sender = sender
        self._senders: dict[str, int] = {}
        self._serve: ServeWorker | None = None
        self._servers: dict[int, GrpcServer] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> WorkerPorts:
        """Take the first port.

        Raises:
            UsageError: The fixed address is taken.
        """
        self.address = (await self._open(0, self._fixed)).address
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def address_of(self, worker: int) -> str:
        """Return the address that the worker process of that number is told."""
        return (self._servers.get(worker) or await self._open(worker)).address

    async def serve(self, serve: ServeWorker) -> None:
        """Answer every call with this function from now on. A gRPC error that it raises reaches the caller as it is."""
        self._serve = serve
        for worker, server in self._servers.items():
            await self._begin(server, worker)

    async def close(self) -> None:
        """Answer nobody any more, and give the ports back."""
        await self._stack.aclose()

    async def _open(self, worker: int, address: str = "") -> GrpcServer:
        server = self._servers[worker] = await self._stack.enter_async_context(
            GrpcServer(address, certificate=self._certificate, refused=self._refused)
        )
        self.opened.add(int(server.address.rpartition(":")[2]))
        await self._begin(server, worker)
        return server

    async def _begin(self, server: GrpcServer, worker: int) -> None:
        serve = self._serve
        if serve is None:
            return

        by_fixed = self._fixed and not worker

        async def of_worker(method: str, raw: bytes, context: Any) -> bytes:
            return await serve(method, raw, context, self._owner(context.peer()) if by_fixed else worker)

        await server.serve(of_worker)

    def _owner(self, peer: str) -> int:
        """Return the worker process that owns a connection, looked up with its first call."""
        if peer not in self._senders:
            self._senders[peer] = self._sender(int(peer.rpartition(":")[2]))
        return self._senders[peer]
