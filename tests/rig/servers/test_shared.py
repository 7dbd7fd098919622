"""Real servers take one another's place while trials are in flight."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from harness.records.plan import baseline_trials
from harness.servers.binaries import find_temporal
from harness.trial.rig import Rig


async def test_a_trial_in_flight_keeps_its_server_which_dies_with_the_last_of_them(tmp_path: Path) -> None:
    rig = Rig(binary=await find_temporal(), folder=tmp_path, trials_a_server=2)
    first, second = baseline_trials("tour")
    async with rig, AsyncExitStack() as later:
        async with rig.slot(first, model=None, effects={}) as a, rig.slot(second, model=None, effects={}) as b:
            assert a.server is b.server
            old = psutil.Process(a.server.pid)
            c = await later.enter_async_context(rig.slot(first, model=None, effects={}))
            assert c.server is rig.server is not a.server
            assert c.shares_server
            assert len({each.namespace for each in (a, b, c)}) == 3  # a trial that is made once more has its own
            await a.server.register_namespace("answers-still")
        assert not old.is_running()
        await c.server.register_namespace("answers-too")
    assert [(tmp_path / name / "temporal.db").is_file() for name in ("server", "server-2")] == [True, True]
