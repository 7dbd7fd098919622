"""A process has its time to start, and more while it is at work."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from harness.processes import starting
from harness.processes.process import Process
from tests.waiting import until

LIMIT = 1.0

AT_WORK = "while True: pass"
WAITS = "import time; time.sleep(600)"


async def has_its_time(script: str, folder: Path, *, event: asyncio.Event) -> bool:
    """Tell whether a process of this script was waited for until the event."""
    process = await Process.start([sys.executable, "-S", "-c", script], name="starting", logs=folder)
    waits = asyncio.create_task(event.wait())
    try:
        await starting.wait_for_start((waits,), process, limit=LIMIT)
        return waits.done()
    finally:
        waits.cancel()
        await process.kill()


async def test_one_that_is_at_work_has_three_times_as_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used, seen = starting._used, [0.0]

    def used_once_it_was_let_work(process: Process | None) -> float:
        until(lambda: used(process) > seen[-1], "the machine gives it a processor")
        seen.append(used(process))
        return seen[-1]

    monkeypatch.setattr(starting, "_used", used_once_it_was_let_work)
    monkeypatch.setattr(starting, "_MOST", 600)
    monkeypatch.setattr(starting, "_AT_WORK", 0.001)
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(3 * LIMIT, event.set)
    assert await has_its_time(AT_WORK, tmp_path, event=event)


async def test_one_that_waits_has_no_longer(tmp_path: Path) -> None:
    assert not await has_its_time(WAITS, tmp_path, event=asyncio.Event())
