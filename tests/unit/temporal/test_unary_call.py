"""A call that is given up ends at the server, and leaves nothing in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import psutil
import pytest

from harness.temporal.unary_call import response_of

AT_A_TIME = 50
ROUNDS = 60  # 3,000 calls would leave 10 MiB
FIRST_ROUNDS = 10  # in which gRPC takes what it keeps: 1 to 2 MiB


class Waiting:
    """A server whose one method answers what it was asked, or never."""

    def __init__(self) -> None:
        self.asked = self.ended = 0

    async def ask(self, request: bytes, context: Any) -> bytes:
        if request != b"wait":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing") if request == b"fail" else None
            return request
        self.asked += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        return b""


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Waiting, Any]]:
    waiting = Waiting()
    method = grpc.unary_unary_rpc_method_handler(waiting.ask)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("crashproof.Test", {"Ask": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield waiting, channel.unary_unary("/crashproof.Test/Ask")
    finally:
        await server.stop(None)


async def test_a_call_is_answered_or_refused_as_it_is() -> None:
    async with served() as (_, ask):
        assert await response_of(ask(b"a")) == b"a"
        with pytest.raises(grpc.aio.AioRpcError, match="no such thing"):
            await response_of(ask(b"fail"))


async def test_calls_that_are_given_up_end_at_the_server_and_are_freed() -> None:
    async with served() as (waiting, ask):

        async def give_up_some() -> None:
            asked = waiting.asked + AT_A_TIME
            calls = [asyncio.ensure_future(response_of(ask(b"wait"))) for _ in range(AT_A_TIME)]
            while waiting.asked < asked:
                await asyncio.sleep(0.001)
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(error, asyncio.CancelledError) for error in ended)
            while waiting.ended < asked:
                await asyncio.sleep(0.001)

        for _ in range(FIRST_ROUNDS):
            await give_up_some()
        before = psutil.Process().memory_info().rss
        for _ in range(ROUNDS):
            await give_up_some()
        assert psutil.Process().memory_info().rss - before < 5 * 2**20
