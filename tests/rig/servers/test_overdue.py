"""A wait whose time does not skip ends, and says what is under way and what was waited for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.errors import RigError
from harness.servers.clock import clock_of
from harness.servers.engine import engines
from harness.servers.overdue import skips_within
from tests.rig.servers.test_clock import SKIPPING, Trying, server_of, waits_for, world


@pytest.mark.parametrize("engine", SKIPPING)
async def test_the_watchdog_names_the_activity_under_way(engine: str, tmp_path: Path) -> None:
    async with world(engine, tmp_path) as found:
        handle = await found.client.start_workflow(Trying.run, "never_ends", id="stuck", task_queue="queue")
        await found.clock.release(handle.id)
        await waits_for(found.clock, handle.id, "attempt 1: started")
        with pytest.raises(RigError, match=r"activity never_ends \(\w+\), attempt 1: started: time stands while"):
            async with skips_within(found.clock, handle.id, limit=0.5):
                await handle.result()


@pytest.mark.parametrize("engine", SKIPPING)
async def test_the_watchdog_tells_of_a_server_that_is_gone(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.servers.overdue._LOOK_LIMIT", 0.2)
    server = await server_of(engine, tmp_path)
    async with server, clock_of(engines()[engine], address=server.address, namespace="slot") as clock:
        await server.kill()
        with pytest.raises(RigError, match=r"(?s)engine: .*the server d\w+ not tell more"):
            async with skips_within(clock, "any", limit=0.1):
                await asyncio.Event().wait()
