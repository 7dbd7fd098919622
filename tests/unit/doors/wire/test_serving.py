"""The gRPC server behind which workers stand: all methods, errors of other servers, addresses that are taken."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
import pytest

from harness.doors.wire.serving import GrpcServer, operation_of, pass_on
from harness.errors import UsageError
from harness.temporal.service import SERVICE


async def echo(method: str, raw: bytes, context: Any) -> bytes:
    return method.encode() + b" " + raw


async def call(address: str, method: str, raw: bytes = b"") -> bytes:
    async with grpc.aio.insecure_channel(address) as channel:
        reply: bytes = await channel.unary_unary(method)(raw)
        return reply


async def test_every_method_of_every_service_is_served() -> None:
    async with GrpcServer(echo) as server:
        assert server.address.startswith("127.0.0.1:")
        assert await call(server.address, "/any.Service/AnyMethod", b"raw") == b"/any.Service/AnyMethod raw"


async def test_the_error_of_another_server_reaches_the_caller_with_its_trailers() -> None:
    async def refuse(method: str, raw: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "try later", (("why", "full"),))
        raise AssertionError

    async def ask_the_other(method: str, raw: bytes, context: Any) -> bytes:
        return await call(other.address, method)

    async with GrpcServer(refuse) as other, GrpcServer(ask_the_other) as server:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(server.address, "/any.Service/AnyMethod")
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert raised.value.details() == "try later"
    assert ("why", "full") in tuple(raised.value.trailing_metadata() or ())


async def test_an_error_can_be_passed_on_later() -> None:
    async def pass_it_on(method: str, raw: bytes, context: Any) -> bytes:
        metadata = grpc.aio.Metadata()
        error = grpc.aio.AioRpcError(grpc.StatusCode.ABORTED, metadata, metadata, details="no more")
        await pass_on(error, context=context)
        raise AssertionError

    async with GrpcServer(pass_it_on) as server:
        with pytest.raises(grpc.aio.AioRpcError, match="no more"):
            await call(server.address, "/any.Service/AnyMethod")


async def test_an_address_that_is_taken_is_said_with_its_remedy() -> None:
    async with GrpcServer(echo) as server:
        with pytest.raises(UsageError, match=f"fixed address {server.address} is taken"):
            await GrpcServer(echo, address=server.address).__aenter__()


@pytest.mark.parametrize(
    ("method", "operation"),
    [
        (f"{SERVICE}StartWorkflowExecution", "StartWorkflowExecution"),
        (f"{SERVICE}NobodyKnowsThis", ""),
        ("/grpc.health.v1.Health/Check", ""),
        (SERVICE, ""),
    ],
)
def test_operations_are_those_of_the_workflow_service(method: str, operation: str) -> None:
    assert operation_of(method) == operation
