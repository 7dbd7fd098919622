"""What leaves a worker process past the doors is seen: files, sockets, child processes."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.processes import sockets
from harness.processes.process import Process
from harness.records.act_facts import PastDoors
from harness.records.point import Point
from harness.records.tape import acts
from harness.trial.coverage import CoverageGaps
from harness.trial.live_tape import LiveTape
from harness.trial.registry import WorkerRegistry
from tests.waiting import until_async

LIMIT = 60.0

LEAKS = """
import os, socket, subprocess, sys, time
if not os.fork():
    time.sleep(600)
log, other, written, door, passer = sys.argv[1:6]
kept = [open(log, "w"), open(other, "w"), open(sys.executable, "rb")]
kept += [socket.create_connection(("127.0.0.1", int(door))), socket.create_connection(("127.0.0.1", int(passer)))]
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
with open(written, "a") as ledger:
    ledger.write("charged")
print("ready", file=sys.stderr, flush=True)
time.sleep(600)
"""
CONNECTING = """
import os, socket, sys, time
connection, pair = socket.socket(), socket.socketpair()
print("ready", file=sys.stderr, flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
connection.connect(("127.0.0.1", int(sys.argv[2])))
print("connected", file=sys.stderr, flush=True)
time.sleep(600)
"""
HELD = Point(position="before", door="wire", operation="RespondActivityTaskCompleted", workflow="A")


async def test_what_passes_no_door_is_seen_and_what_passes_one_is_not(tmp_path: Path) -> None:
    own, other, written = tmp_path / "logs" / "own.log", tmp_path / "state.db", tmp_path / "project" / "ledger.txt"
    own.parent.mkdir()
    written.parent.mkdir()
    workers, tape = WorkerRegistry(), LiveTape()
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_server(("127.0.0.1", 0)) as stranger:
        ports = [str(found.getsockname()[1]) for found in (door, stranger)]
        coverage = CoverageGaps(folders=[written.parent], own=[own.parent], workers=workers, tape=tape)
        await coverage.begin(doors=lambda: {int(ports[0])})
        command = [sys.executable, "-S", "-c", LEAKS, str(own), str(other), str(written), *ports]
        process = await Process.start(command, name="leaks", logs=own.parent)
        workers.add(process)
        try:
            async with asyncio.timeout(LIMIT):
                while "ready" not in process.log_tail():
                    await asyncio.sleep(0.01)
            await coverage.look(HELD)
            await coverage.look()
        finally:
            await process.kill()
        await coverage.look()
    assert f"a connection to 127.0.0.1:{ports[1]} passes no door" in coverage.gaps
    assert f"the file {other} is open for writing" in coverage.gaps
    assert f"the file {written} is written" in coverage.gaps
    assert any(gap.startswith("a child process runs: ") and "time.sleep(600)" in gap for gap in coverage.gaps)
    assert "a child process runs: a fork of the worker" in coverage.gaps
    assert len(coverage.gaps) == 5
    seen = [act.facts_as(PastDoors) for act in acts(tape.entries, "past-doors")]
    assert [(each.seen_at, sorted(each.what)) for each in seen if each] == [(HELD.id, sorted(coverage.gaps))]


async def test_a_socket_that_connects_later_is_seen_and_one_that_is_known_is_not_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    look_up = sockets.remote_addresses

    def counted() -> dict[int, sockets.Address | None]:
        looked_up.append("all")
        return look_up()

    monkeypatch.setattr(sockets, "remote_addresses", counted)
    workers, may_connect = WorkerRegistry(), tmp_path / "connect"
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = str(stranger.getsockname()[1])
        coverage = CoverageGaps(folders=[], own=[tmp_path], workers=workers, tape=LiveTape())
        command = [sys.executable, "-S", "-c", CONNECTING, str(may_connect), port]
        process = await Process.start(command, name="connecting", logs=tmp_path)
        workers.add(process)
        try:
            async with asyncio.timeout(LIMIT):
                for said, gaps in (("ready", []), ("connected", [f"a connection to 127.0.0.1:{port} passes no door"])):
                    while said not in process.log_tail():
                        await asyncio.sleep(0.01)
                    await coverage.look()
                    assert coverage.gaps == gaps
                    may_connect.touch()
            assert looked_up == ["all", "all"]
            await coverage.look()
            assert looked_up == ["all", "all"]
        finally:
            await process.kill()


async def test_what_is_written_again_is_seen_at_each_point_and_is_one_gap(tmp_path: Path) -> None:
    tape, ledger = LiveTape(), tmp_path / "ledger.txt"
    coverage = CoverageGaps(folders=[tmp_path], own=[], workers=WorkerRegistry(), tape=tape)
    await coverage.begin(doors=set)
    for point in (HELD, HELD.at("after")):
        with ledger.open("a") as lines:
            lines.write("charged\n")
        await coverage.look(point)
        await coverage.look(point)
    seen = [act.facts_as(PastDoors) for act in acts(tape.entries, "past-doors")]
    assert [each.seen_at for each in seen if each] == [HELD.id, HELD.at("after").id]
    assert coverage.gaps == [f"the file {ledger} is written"]


async def test_a_process_that_is_gone_has_no_gaps(tmp_path: Path) -> None:
    workers = WorkerRegistry()
    coverage = CoverageGaps(folders=[], own=[tmp_path], workers=workers, tape=LiveTape())
    process = await Process.start([sys.executable, "-c", ""], name="gone", logs=tmp_path)
    workers.add(process)
    await process.wait()
    await coverage.look()
    assert coverage.gaps == []


async def test_one_look_serves_all_whose_messages_are_held_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, written, may_end = [], CoverageGaps._written, threading.Event()

    def counted(coverage: CoverageGaps) -> Any:
        looks.append(1)
        may_end.wait(LIMIT)
        return written(coverage)

    monkeypatch.setattr(CoverageGaps, "_written", counted)
    tape, ledger = LiveTape(), tmp_path / "ledger.txt"
    coverage = CoverageGaps(folders=[tmp_path], own=[], workers=WorkerRegistry(), tape=tape)
    await coverage.begin(doors=set)
    looks.clear()
    first = asyncio.create_task(coverage.look(HELD))
    await until_async(lambda: looks)  # it looks now, and what is written from here on is for the next one
    others = [asyncio.create_task(coverage.look(HELD.at("after"))) for _ in range(20)]
    await until_async(lambda: len(coverage._waiting) == len(others))
    may_end.set()
    await first
    ledger.write_text("charged")
    await asyncio.gather(*others)
    await coverage.look()
    assert coverage.gaps == [f"the file {ledger} is written"]
    assert len(looks) == 3
