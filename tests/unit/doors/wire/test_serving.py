"""The gRPC server behind which workers stand: all methods, errors of other servers, addresses that are taken."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from harness.doors.wire.serving import GrpcServer, Serve, operation_of, pass_on
from harness.errors import KilledError, UsageError
from harness.processes.ports import is_free
from harness.temporal.service import SERVICE
from tests.waiting import until_async

LIMIT = 120.0


async def echo(method: str, raw: bytes, context: Any) -> bytes:
    return method.encode() + b" " + raw


async def call(address: str, method: str, raw: bytes = b"", **more: Any) -> bytes:
    async with grpc.aio.insecure_channel(address) as channel:
        calling: Any = channel.unary_unary(method)
        reply: bytes = await calling(raw, **more)
        return reply


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[GrpcServer]:
    async with asyncio.timeout(LIMIT), GrpcServer() as server:
        await server.serve(serve)
        yield server


def is_taken(address: str) -> bool:
    return not is_free(int(address.rpartition(":")[2]))


async def test_every_method_of_every_service_is_served() -> None:
    async with serving(echo) as server:
        assert server.address.startswith("127.0.0.1:")
        assert await call(server.address, "/any.Service/AnyMethod", b"raw") == b"/any.Service/AnyMethod raw"


async def test_after_an_error_of_the_rig_a_caller_hears_that_nobody_is_there() -> None:
    async def lost(method: str, raw: bytes, context: Any) -> bytes:
        raise KilledError("the model server was killed")

    async with serving(lost) as server:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(server.address, "/any.Service/AnyMethod")
    told = raised.value.code(), raised.value.details()
    assert told == (grpc.StatusCode.UNAVAILABLE, "the model server was killed")


async def test_an_error_of_the_rig_is_no_traceback_where_the_caller_is_gone(capfd: pytest.CaptureFixture[str]) -> None:
    called, gone, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def lost(method: str, raw: bytes, context: Any) -> bytes:
        called.set()
        try:
            await asyncio.shield(gone.wait())
        except asyncio.CancelledError:  # as one does who decides about a message of a worker that has died
            await gone.wait()
        over.set()
        raise KilledError("the model server was killed")

    async with serving(lost) as server:
        calling = asyncio.create_task(call(server.address, "/any.Service/AnyMethod"))
        await called.wait()
        calling.cancel()
        await asyncio.wait([calling])
        gone.set()
        await over.wait()
    assert "Traceback" not in capfd.readouterr().err  # gRPC itself may say there that the server went away


class Slow:
    """Stands for gRPC's own server, which fails when it is stopped and its start was cancelled on the way."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        pass

    async def start(self) -> None:
        await asyncio.sleep(0.05)
        self.done.append("started")

    async def stop(self, grace: float | None) -> None:
        self.done.append("stopped")


async def test_a_server_is_closed_once_it_has_started_though_that_was_given_up() -> None:
    """Ctrl-C comes at any moment."""
    server, slow = GrpcServer(), Slow()
    server._server = slow  # type: ignore[assignment]
    starting = asyncio.create_task(server.serve(echo))
    await asyncio.sleep(0)  # it has begun
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    await server.close()
    assert slow.done == ["started", "stopped"]


async def test_the_error_of_another_server_reaches_the_caller_with_its_trailers() -> None:
    async def refuse(method: str, raw: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "try later", (("why", "full"),))
        raise AssertionError

    async def ask_the_other(method: str, raw: bytes, context: Any) -> bytes:
        return await call(other.address, method)

    async with serving(refuse) as other, serving(ask_the_other) as server:
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

    async with serving(pass_it_on) as server:
        with pytest.raises(grpc.aio.AioRpcError, match="no more"):
            await call(server.address, "/any.Service/AnyMethod")


async def test_who_calls_before_it_answers_waits() -> None:
    async with asyncio.timeout(LIMIT), GrpcServer() as server:
        calling = asyncio.create_task(call(server.address, "/a.B/C", b"raw", wait_for_ready=True))
        host, _, port = server.address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        assert not calling.done()
        await server.serve(echo)
        assert await calling == b"/a.B/C raw"


@pytest.mark.parametrize("answers", [True, False])
async def test_its_port_is_its_own_until_the_end_whether_it_ever_answered_or_not(answers: bool) -> None:
    async with asyncio.timeout(LIMIT), GrpcServer() as server:
        if answers:
            await server.serve(echo)
        assert is_taken(server.address)
    # A connection of somebody else's may come from it meanwhile.
    await until_async(lambda: not is_taken(server.address), "its port is free")


async def test_an_address_that_is_taken_is_said_with_its_remedy() -> None:
    async with GrpcServer() as server:
        with pytest.raises(UsageError, match=f"fixed address {server.address} is taken"):
            await GrpcServer(server.address).__aenter__()


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "0.0.0.0", "::"])
async def test_an_attack_from_a_foreign_server_at_one_of_the_addresses_of_a_name_is_refused(ip: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET) as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as gRPC's own servers do
        foreign.bind((ip, 0))
        foreign.listen()
        address = f"localhost:{foreign.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"fixed address {address} .*is taken"):
            await GrpcServer(address).__aenter__()
    async with asyncio.timeout(LIMIT), GrpcServer(address) as server:  # free again: nothing was kept of it
        await server.serve(echo)
        port = address.rpartition(":")[2]
        for own in (f"127.0.0.1:{port}", f"[::1]:{port}"):
            assert await call(own, "/a.B/C", b"raw") == b"/a.B/C raw"


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")
CALLER = """
import os, sys, time
import grpc, psutil
while sys.argv[3:] and any(each.pid == int(sys.argv[3]) for each in psutil.Process().parents()):
    time.sleep(0.01)  # the shells between have not ended yet
call = grpc.insecure_channel(sys.argv[1]).unary_unary("/a.B/C")
os.setuid(int(sys.argv[2]))
for _ in range(2):
    try:
        print(call(b"raw").decode())
    except grpc.RpcError as error:
        print(error.code().name, error.details())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says whose a connection is")
@pytest.mark.parametrize("user", [pytest.param(65534, marks=AS_ROOT), os.geteuid()])
@pytest.mark.parametrize("below", [False, True])
async def test_an_attack_from_a_process_that_crashproof_has_not_started_gets_no_answer(user: int, below: bool) -> None:
    told: list[str] = []
    async with asyncio.timeout(LIMIT), GrpcServer(refused=told.append) as server:
        await server.serve(echo)
        command = [sys.executable, "-c", CALLER, server.address, str(user)]
        # A process whose parent has ended is below nobody here.
        shell = shlex.join(command) if below else f"({shlex.join([*command, str(os.getpid())])} & )"
        process = await asyncio.create_subprocess_shell(shell, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
    said = out.decode().splitlines()
    if below:
        assert (said, told) == (["/a.B/C raw"] * 2, [])
        return
    stranger = r"of process \d+ \(python.*\), which crashproof has not started"
    refused = "PERMISSION_DENIED crashproof's door is for its own user, and for what crashproof has started: this "
    assert len(set(said)) == 1, said
    assert re.fullmatch(f"{refused}connection is {stranger}", said[0])
    assert [re.fullmatch(f"the call /a.B/C {stranger}", each) is not None for each in told] == [True]


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
