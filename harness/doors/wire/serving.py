"""A gRPC server for workers: every method of every service goes through one function, as raw bytes.

The wire proxy serves a worker so in a trial, and the replay door in a replay; a worker sees no difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio

from harness.doors.wire.certificate import Certificate
from harness.errors import RigError, UsageError
from harness.processes import peers
from harness.processes.ports import IP, loopback_addresses
from harness.temporal.service import SERVICE, UNLIMITED, request_type

_FOR_OTHERS = "crashproof's door is for its own user, and for what crashproof has started"

Refused = Callable[[str], None]
"""Learns what call was refused, and whose it was: of one who has no business at a door."""

Serve = Callable[[str, bytes, Any], Awaitable[bytes]]
"""Answers one call: its method's path, its request as raw bytes, and gRPC's context of it."""


class GrpcServer:
    """Listens for gRPC calls of workers. An async context manager; ``address`` is known once entered.

    Its port is taken when it is entered, and calls are answered from ``serve`` on; who calls before waits. So worker
    processes can be told the address before there is anything that decides about their messages.

    Args:
        address: Fixed ``host:port`` to listen on; empty: a free port on 127.0.0.1.
        certificate: The certificate with which it speaks TLS; None: it speaks none.
        refused: Learns of calls that are refused; None: nobody does.
    """

    def __init__(
        self, address: str = "", *, certificate: Certificate | None = None, refused: Refused | None = None
    ) -> None:
        self.address = address or f"{IP}:0"
        self._refused = refused
        self._fixed = bool(address)
        self._certificate = certificate
        self._addresses: tuple[str, ...] = ()
        self._starting: asyncio.Future[None] | None = None

    async def __aenter__(self) -> GrpcServer:
        """Take the port: of a fixed address on every interface that it leads to.

        Raises:
            UsageError: The fixed address is taken, even if on one of them alone, or leads away from this machine.
        """
        self._server = grpc.aio.server(options=(*UNLIMITED, ("grpc.so_reuseport", 0)))
        if not self._fixed:
            port = self._add_port(self.address)
            self.address = f"{IP}:{port}"
            self._addresses = (self.address,)
            return self
        # A client takes any of the addresses that a name has: one that is not ours leads to somebody else's server.
        self._addresses = loopback_addresses(self.address)
        for address in self._addresses:
            try:
                self._add_port(address)
            except RuntimeError as error:
                await self.close()
                raise UsageError(_taken(self.address, address)) from error
        return self

    def _add_port(self, address: str) -> int:
        if self._certificate is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, self._certificate.credentials)

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def serve(self, serve: Serve) -> None:
        """Answer every call with this function from now on.

        A gRPC error that it raises reaches the caller as it is, trailers included. After an error of the rig, which is
        told by whoever waits for what it ends, the caller hears that nobody is there.
        """
        self._server.add_generic_rpc_handlers((_AnyMethod(serve, addresses=self._addresses, refused=self._refused),))
        await self._started()

    async def close(self) -> None:
        """Answer nobody any more, and give the port back."""
        await self._started()  # gRPC gives back the port of a server only if that has been started
        await self._server.stop(None)

    async def _started(self) -> None:
        """Wait until the server has started, which goes on if the wait is cancelled: else it could not be stopped."""
        self._starting = self._starting or asyncio.ensure_future(self._server.start())
        await asyncio.shield(self._starting)


def _taken(address: str, part: str) -> str:
    where = address if part == address else f"{address} ({part})"
    return (
        f"the worker's fixed address {where} is taken: end what listens there "
        "(a dev server of your own?) or let the worker read TEMPORAL_ADDRESS"
    )


def operation_of(method: str) -> str:
    """Return the WorkflowService's operation that a method's path names: ``StartWorkflowExecution``.

    Empty for a method of another service, and for one that the installed SDK does not know.
    """
    operation = method.removeprefix(SERVICE) if method.startswith(SERVICE) else ""
    return operation if operation and request_type(operation) is not None else ""


async def pass_on(error: grpc.aio.AioRpcError, *, context: Any) -> None:
    """End a call with the error that another server gave, its details and trailers included."""
    trailers = tuple(error.trailing_metadata() or ())
    await context.abort(error.code(), error.details() or "", trailing_metadata=trailers)


class _AnyMethod(grpc.GenericRpcHandler):
    """Serves every method of every service with one function, and nobody but those whom it is for.

    The calls of a client have no place for a secret that would not show in the worker, so a connection is looked up
    with its first call.
    """

    def __init__(self, serve: Serve, *, addresses: Sequence[str], refused: Refused | None) -> None:
        self._serve = serve
        self._refused = refused
        self._addresses = addresses
        self._strangers: dict[str, str] = {}
        self._complained: set[str] = set()

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method

        async def serve(raw: bytes, context: Any) -> bytes:
            if stranger := self._stranger(context.peer()):
                self._tell(f"the call {operation_of(method) or method} {stranger}")
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"{_FOR_OTHERS}: this connection is {stranger}")
            try:
                return await self._serve(method, raw, context)
            except grpc.aio.AioRpcError as error:
                await pass_on(error, context=context)
                raise
            except RigError as error:  # it ends the trial; gRPC itself would write its traceback if the caller is gone
                await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
                raise

        return grpc.unary_unary_rpc_method_handler(serve)

    def _stranger(self, peer: str) -> str:
        if peer not in self._strangers:
            self._strangers[peer] = peers.stranger(peer, door=self._addresses)
        return self._strangers[peer]

    def _tell(self, refused: str) -> None:
        if self._refused and refused not in self._complained and peers.CLOSED not in refused:
            self._complained.add(refused)
            self._refused(refused)
