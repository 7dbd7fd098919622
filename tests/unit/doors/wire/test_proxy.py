"""A write that was executed is on the tape, whenever its sender goes."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest

from harness.doors.decision import Decision
from harness.doors.wire.attribution import Attribution
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.proxy import WireProxy
from harness.doors.wire.worker_ports import WorkerPorts
from harness.records.tape import Entry
from harness.temporal.service import SERVICE

LIMIT = 120.0


class Peer:
    """The little of a gRPC call that the door asks for."""

    def peer(self) -> str:
        """Return the address of the sender."""
        return "ipv4:127.0.0.1:7"


async def test_an_answer_that_comes_in_the_instant_in_which_its_sender_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    tape: list[Entry] = []
    executed, known = asyncio.Event(), asyncio.Event()

    async def decide(entry: Entry) -> Decision:
        tape.append(entry)
        if entry.kind == "reply":
            known.set()
        return "go"

    async def forward(method: str, raw: bytes, context: Any) -> bytes:
        executed.set()
        return b""

    proxy = WireProxy(
        WorkerPorts(sender=lambda port: 1),
        upstream="127.0.0.1:1",
        namespace="slot",
        attribution=Attribution(),
        decide=decide,
        numbers=itertools.count(1),
        long_polls=LongPolls(),
    )
    monkeypatch.setattr(proxy, "_forward", forward)
    request = SignalWorkflowExecutionRequest().SerializeToString()
    sending = asyncio.create_task(proxy._pass(f"{SERVICE}SignalWorkflowExecution", request, Peer(), 1))
    async with asyncio.timeout(LIMIT):
        await executed.wait()
        sending.cancel()
        await asyncio.wait([sending])
        await known.wait()
    assert sending.cancelled()
    assert [(entry.kind, entry.status) for entry in tape] == [("request", ""), ("reply", "OK")]
