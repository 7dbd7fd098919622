"""What leaves a worker process past the doors is seen: files, sockets, child processes."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from harness.processes.process import Process
from harness.trial.coverage import CoverageGaps

LIMIT = 20.0

LEAKS = """
import socket, subprocess, sys, time
log, other, door, passer = sys.argv[1:5]
kept = [open(log, "w"), open(other, "w"), open(sys.executable, "rb")]
kept += [socket.create_connection(("127.0.0.1", int(door))), socket.create_connection(("127.0.0.1", int(passer)))]
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print("ready", file=sys.stderr, flush=True)
time.sleep(600)
"""


async def test_what_passes_no_door_is_seen_and_what_passes_one_is_not(tmp_path: Path) -> None:
    own, other = tmp_path / "logs" / "own.log", tmp_path / "state.db"
    own.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_server(("127.0.0.1", 0)) as stranger:
        ports = [str(found.getsockname()[1]) for found in (door, stranger)]
        command = [sys.executable, "-S", "-c", LEAKS, str(own), str(other), *ports]
        process = await Process.start(command, name="leaks", logs=own.parent)
        try:
            async with asyncio.timeout(LIMIT):
                while "ready" not in process.log_tail():
                    await asyncio.sleep(0.01)
            coverage = CoverageGaps(doors=lambda: {int(ports[0])}, own=own.parent)
            coverage.look(process.pid)
            coverage.look(process.pid)
        finally:
            await process.kill()
    assert f"a connection to 127.0.0.1:{ports[1]} passes no door" in coverage.gaps
    assert f"the file {other} is open for writing" in coverage.gaps
    assert any(gap.startswith("a child process runs: ") and "time.sleep(600)" in gap for gap in coverage.gaps)
    assert len(coverage.gaps) == 3


def test_a_process_that_is_gone_has_no_gaps(tmp_path: Path) -> None:
    coverage = CoverageGaps(doors=set, own=tmp_path)
    coverage.look(2**22 + 1)
    assert coverage.gaps == []
