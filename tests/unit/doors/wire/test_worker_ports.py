"""Who calls a wire door is known by the port that is called; behind a fixed address, by whose the connection is."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from harness.doors.wire.worker_ports import WorkerPorts
from harness.errors import UsageError
from harness.processes.ports import IP, free_port, is_free
from tests.waiting import until_async

LIMIT = 120.0


def nobody(port: int) -> int:
    raise AssertionError(f"the owner of port {port} is looked up")


async def who_calls(method: str, raw: bytes, context: Any, worker: int) -> bytes:
    return b"%d" % worker


async def call(channel: grpc.aio.Channel) -> bytes:
    calling: Any = channel.unary_unary("/any.Service/AnyMethod")
    reply: bytes = await calling(b"", wait_for_ready=True)
    return reply


async def test_each_worker_process_is_known_by_a_port_of_its_own() -> None:
    async with asyncio.timeout(LIMIT), WorkerPorts(sender=nobody) as ports:
        before = await ports.address_of(1)
        await ports.serve(who_calls)
        addresses = [ports.address, before, await ports.address_of(2)]
        assert await ports.address_of(1) == before
        for worker, address in enumerate(addresses):
            async with grpc.aio.insecure_channel(address) as channel:
                assert await call(channel) == b"%d" % worker
        assert ports.opened == {int(address.rpartition(":")[2]) for address in addresses}
    # A connection of somebody else's may come from one of them meanwhile.
    await until_async(lambda: all(is_free(port) for port in ports.opened), "its ports are free")


async def test_behind_a_fixed_address_the_owner_of_a_connection_is_looked_up_once() -> None:
    asked: list[int] = []

    def owner(port: int) -> int:
        asked.append(port)
        return len(asked)

    fixed = f"{IP}:{free_port()}"
    async with asyncio.timeout(LIMIT), WorkerPorts(sender=owner, fixed=fixed) as ports:
        await ports.serve(who_calls)
        assert ports.address == fixed
        told = [await ports.address_of(worker) for worker in (1, 2)]
        assert len({fixed, *told}) == 3
        for worker, address in enumerate(told, 1):
            async with grpc.aio.insecure_channel(address) as channel:
                assert await call(channel) == b"%d" % worker
        assert asked == []
        own_connection = (("grpc.use_local_subchannel_pool", 1),)
        async with (
            grpc.aio.insecure_channel(fixed, options=own_connection) as first,
            grpc.aio.insecure_channel(fixed, options=own_connection) as second,
        ):
            assert [await call(channel) for channel in (first, first, second, first)] == [b"1", b"1", b"2", b"1"]
        assert len(asked) == 2
        with pytest.raises(UsageError, match=r"fixed address .* is taken"):
            await WorkerPorts(sender=owner, fixed=fixed).__aenter__()
