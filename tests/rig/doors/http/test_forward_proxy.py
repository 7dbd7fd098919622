"""Calls through the forward proxy are held, passed on, refused and cut; of HTTPS only the connection is seen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from harness import checks
from harness.checks.judging import judge
from harness.doors.decision import Decision
from harness.doors.http.answer import Answer
from harness.doors.http.doors import HttpMessage
from harness.doors.http.forward_proxy import ForwardProxy
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.servers.binaries import find_temporal
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS
from tests.judged import passes

OUTSIDE = "127.0.0.2"  # an address of this machine for which no client leaves its proxy out
LIMIT = 120.0


@asynccontextmanager
async def service() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve a world outside; yield its port and what it was sent."""
    sent: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = (line.split(b":") for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        length = next((int(value) for _, value in lengths), 0)
        body = await reader.readexactly(length)
        sent.append(head.split(b"\r\n")[0] + b" " + body)
        writer.write(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\nx-own: yes\r\n\r\n4\r\ndone\r\n0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, OUTSIDE, 0)
    try:
        yield server.sockets[0].getsockname()[1], sent
    finally:
        server.close()


class Deciding:
    """Decides what it was told to, by position, and remembers what it was asked."""

    def __init__(self, **decisions: Decision) -> None:
        self.decisions = decisions
        self.asked: list[HttpMessage] = []

    async def __call__(self, message: HttpMessage) -> Decision:
        self.asked.append(message)
        return self.decisions.get(message.position, "go")


async def exchanged(deciding: Deciding, request: bytes, *, then: bytes = b"") -> bytes:
    """Send bytes to a proxy, and more once it has answered; return all that came back until it closed."""
    async with asyncio.timeout(LIMIT), ForwardProxy(slot="s", worker=lambda: 3, decide=deciding) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(request)
        answer = b""
        if then:
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.write(then)
        with contextlib.suppress(ConnectionResetError):
            answer += await reader.read()
        writer.close()
        return answer


def a_post(port: int) -> bytes:
    head = f"POST http://{OUTSIDE}:{port}/charges?x=1 HTTP/1.1\r\nHost: {OUTSIDE}:{port}\r\n"
    return head.encode() + b'Idempotency-Key: k\r\nContent-Length: 5\r\nProxy-Connection: close\r\n\r\n"o-1"'


async def test_a_plain_call_is_held_twice_and_passed_on() -> None:
    async with service() as (port, sent):
        deciding = Deciding()
        answer = await exchanged(deciding, a_post(port))
    assert sent == [b'POST /charges?x=1 HTTP/1.1 "o-1"']
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 201 ", b"done")
    assert b"x-own: yes" in head
    before, after = deciding.asked
    assert (before.position, before.worker, before.door, before.operation) == (
        "before",
        3,
        "effect",
        f"{OUTSIDE}:{port}",
    )
    assert (before.body, before.headers["idempotency-key"]) == ("o-1", "k")
    assert (after.position, after.number, after.status, after.answer) == ("after", before.number, 201, "done")


async def test_a_call_can_be_refused_before_and_its_answer_be_lost_after() -> None:
    async with service() as (port, sent):
        refused = await exchanged(Deciding(before=Answer(status=503, body=b"busy")), a_post(port))
        assert refused.startswith(b"HTTP/1.1 503")
        assert refused.endswith(b"busy")
        assert await exchanged(Deciding(before="drop"), a_post(port)) == b""
        assert sent == []
        assert await exchanged(Deciding(after="drop"), a_post(port)) == b""
        assert len(sent) == 1


async def test_a_tunnel_is_one_call_that_can_be_cut_and_what_it_carries_is_not_seen() -> None:
    async with service() as (port, sent):
        connect = f"CONNECT {OUTSIDE}:{port} HTTP/1.1\r\nHost: {OUTSIDE}:{port}\r\n\r\n".encode()
        inside = b"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n"
        deciding = Deciding()
        answer = await exchanged(deciding, connect, then=inside)
        assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 201")
        assert [message.operation for message in deciding.asked] == [f"CONNECT:{OUTSIDE}:{port}"] * 2
        assert await exchanged(Deciding(after="drop"), connect) == b""
        assert sent == [b"GET /secret HTTP/1.1 "]


async def test_a_service_that_is_not_there_is_a_bad_gateway() -> None:
    async with service() as (port, _):
        pass
    answer = await exchanged(Deciding(), a_post(port))
    assert answer.startswith(b"HTTP/1.1 502")


async def test_calls_out_are_struck_and_judged_as_effects_are(tmp_path: Path) -> None:
    outcomes: dict[str, Any] = {}
    async with service() as (port, sent), Rig(binary=await find_temporal(), folder=tmp_path / "rig") as rig:
        point = f"after/effect.{OUTSIDE}:{port}/CallingOut/charge.1/attempt-1"
        for name, env in (("doubled", {}), ("keyed", {"KEYED": "1"})):
            scenario = Scenario(
                name=name,
                worker=shlex.join([sys.executable, str(TESTS / "agents" / "calling_out.py")]),
                work=start("CallingOut", "o-1"),
                env={"SERVICE": f"http://{OUTSIDE}:{port}/charges", **env},
                http_proxy=True,
            )
            limits = Bounds(limit=100, task_timeout=2)
            trial = Plan().trial_id(name)
            baseline = await run_trial(
                scenario, plan=Plan(), trial=trial, rig=rig, folder=tmp_path / trial, bounds=limits
            )
            plan = Plan((Strike("kill-worker", point),))
            limits, trial = bounds(baseline, plan, time_limit=100), plan.trial_id(name)
            struck = await run_trial(scenario, plan=plan, trial=trial, rig=rig, folder=tmp_path / trial, bounds=limits)
            assert baseline.gaps == ()
            verdict = judge(struck, baselines=[baseline], checks=checks.standard)
            outcomes[name] = (passes(verdict), [finding.check for finding in verdict.findings])
    assert [json.loads(each.rpartition(b" ")[2]) for each in sent] == ["o-1"] * 6
    assert outcomes == {"doubled": (False, ["effects-happen-once"]), "keyed": (True, [])}
