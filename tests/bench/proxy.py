"""What the wire proxy adds to a unary call: the same call directly and through it, in turns on one server.

It is held against a bare pass-through with the same library, grpc.aio, which takes some 330 CPU-microseconds a call at
each end. What another one would give was measured with client, pass-through and server in one process, all bytes:

    grpc.aio                1.03 CPU-ms a call
    grpc.aio on uvloop      0.84 to 0.96 of that
    grpclib (pure Python)   1.22 of that; on uvloop 0.95

So none gives much: half of the time is the event loop's, and that of sockets.

A server whose HTTP/2 is native code on threads of its own (pygrpc-native 0.5) in place of grpc.aio's, with the same
client behind it, adds 1.21 to 1.30 of what the pass-through on grpc.aio adds, and its process uses 1.1 to 1.4 of the
CPU: each call goes from thread to thread. It is made for many calls at once.

What uvloop gives to the proxy itself was measured with four processes before one server, called in turns: the bare
pass-through and the proxy, each on asyncio and on uvloop. Medians of 16 comparisons on a busy machine, and the middle
half of them:

    added by the proxy on uvloop, of what it adds on asyncio                  0.91   (0.82 to 0.99)
    CPU-seconds of its process a call, likewise                               0.92   (0.85 to 0.96)
    added by the bare pass-through on uvloop, of what it adds on asyncio      0.97   (0.87 to 1.06)
    added by the proxy on uvloop, of the bare pass-through on asyncio         1.06   (1.01 to 1.17)
    added by the proxy on asyncio, likewise                                   1.20   (1.03 to 1.35)

A kill sweep of the research agent gains nothing by it, so crashproof runs on asyncio's loop: in eleven pairs of sweeps,
taken in turns, its own process used 1.05 times as many CPU-seconds on uvloop (0.88 to 1.24), and that of the HTTP doors
0.96 times. Nor is uvloop a loop that could be put in without more. Three of six sweeps failed on it, and none of
fourteen once no child process was started by asyncio's ``create_subprocess_exec``: uvloop 0.23 does that by a fork that
runs in the child what libraries have registered with Python for forks. A write to a connection that has closed raises
RuntimeError. The socket of a closed transport keeps the number of its descriptor, which may be another connection's.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    GetSystemInfoRequest,
    GetSystemInfoResponse,
)

from harness.doors.decision import Decision
from harness.records.tape import Entry
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.temporal.service import SERVICE
from tests.bench.table import Figure, below
from tests.wire import wire_door

ROUNDS = 20
CALLS = 50
"""Calls in a row on one side, before the other side has its turn."""

ASKED: dict[str, tuple[Any, Any]] = {
    "GetSystemInfo": (GetSystemInfoRequest(), GetSystemInfoResponse),
    "DescribeNamespace": (DescribeNamespaceRequest(namespace="default"), DescribeNamespaceResponse),
}


async def measure() -> list[Figure]:
    """Start a server, put a proxy before it, and compare the p50 of each call."""
    binary = await find_temporal()
    with tempfile.TemporaryDirectory() as folder:
        async with DevServer(binary.path, folder=Path(folder)) as server:
            tape: list[Entry] = []

            async def decide(entry: Entry) -> Decision:
                tape.append(entry)
                return "go"

            async with wire_door(server.address, decide=decide) as proxy, _bare(server.address) as bare:
                return await _in_a_client_process(server.address, proxy.address, bare)


@asynccontextmanager
async def _bare(upstream: str) -> AsyncIterator[str]:
    """Serve what passes bytes through and does nothing else: what the library alone costs."""

    class AnyMethod(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            async def serve(raw: bytes, context: Any) -> Any:
                passing: Any = channel.unary_unary(handler_call_details.method)
                return await passing(raw)

            return grpc.unary_unary_rpc_method_handler(serve)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((AnyMethod(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(upstream) as channel:
        yield f"127.0.0.1:{port}"
        await server.stop(None)


async def _in_a_client_process(*addresses: str) -> list[Figure]:
    """Measure from a process of its own, as a worker is: the proxy's process does nothing else meanwhile."""
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.proxy", *addresses, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await client.communicate()
    if client.returncode:
        raise SystemExit(f"the client that measures ended with exit status {client.returncode}")
    figures = []
    for operation, (alone, held, bare) in json.loads(output).items():
        figures += [
            Figure(name=f"{operation}, direct, p50", measured=f"{alone:.2f} ms"),
            Figure(name="  added by passing bytes through, no more", measured=f"{bare - alone:.2f} ms"),
            Figure(name="  the proxy against that", measured=f"{(held - alone) / (bare - alone):.2f} x"),
            below(f"{operation}, added by the proxy, p50", held - alone, 1, unit="ms", digits=2),
        ]
    return figures


async def _compare(*addresses: str) -> dict[str, list[float]]:
    """Return the p50 in milliseconds of each call at each address, in turns."""
    found = {}
    channels: list[Any] = [grpc.aio.insecure_channel(address) for address in addresses]
    for operation in ASKED:
        taken: dict[Any, list[float]] = {channel: [] for channel in channels}
        for channel in channels:
            await _calls(channel, operation)
        for _ in range(ROUNDS):
            for channel in channels:
                taken[channel] += await _calls(channel, operation)
        found[operation] = [statistics.median(each) for each in taken.values()]
    return found


async def _calls(channel: Any, operation: str) -> list[float]:
    """Return the milliseconds that each of some calls in a row took."""
    request, reply = ASKED[operation]
    call: Any = channel.unary_unary(
        f"{SERVICE}{operation}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=reply.FromString,
    )
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        await call(request)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_compare(*sys.argv[1:]))), flush=True)
    os._exit(0)  # an interpreter that used gRPC may abort while finalizing
