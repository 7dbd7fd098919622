"""A wire door for a test: what is of no interest to it is as usual."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from harness.doors.decision import Decision
from harness.doors.wire.attribution import Attribution
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.proxy import Decide, WireProxy
from harness.doors.wire.worker_ports import WorkerPorts
from harness.processes.ports import IP, free_port
from harness.records.tape import Entry


async def let_go(entry: Entry) -> Decision:
    return "go"


@asynccontextmanager
async def wire_door(
    upstream: str,
    *,
    namespace: str = "default",
    decide: Decide = let_go,
    attribution: Attribution | None = None,
    worker: int = 1,
    long_polls: LongPolls | None = None,
    **more: Any,
) -> AsyncIterator[WireProxy]:
    """Open a wire door before a server; every connection is that of one worker process.

    Args:
        upstream: Address of the server.
        namespace: The slot's namespace.
        decide: Decides about each message; by default all go.
        attribution: Learns from the messages.
        worker: Number of the worker process; 0: none.
        long_polls: Those that are under way.
        more: Further arguments of the proxy.
    """
    async with (
        WorkerPorts(sender=lambda port: worker, fixed=f"{IP}:{free_port()}") as ports,
        WireProxy(
            ports,
            upstream=upstream,
            namespace=namespace,
            attribution=attribution or Attribution(),
            decide=decide,
            numbers=itertools.count(1),
            long_polls=LongPolls() if long_polls is None else long_polls,
            **more,
        ) as proxy,
    ):
        yield proxy
