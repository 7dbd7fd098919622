"""How many workflow tasks a second an explored worker answers, warm and cold, and how long right agents take whole."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.app.loading import load
from harness.records.scenario import Scenario
from harness.replay.explore.asking import Asker
from harness.replay.explore.events import after
from harness.replay.explore.exploring import ExploreOptions, open_worker
from harness.replay.explore.move import DEFAULT_BUDGETS
from harness.replay.explore.outcomes import steps_from
from harness.replay.explore.scenario import first_world
from harness.replay.explore.search import Limits, Search
from harness.replay.explore.worker import ExploredWorker
from harness.replay.explore.world import World
from harness.trial.conversion import converter_of
from tests.bench.table import Figure, above, below, equal

ROOT = Path(__file__).parents[2]
RIGHT = ("scenarios/research.py", "scenarios/approval.py", "scenarios/broken/right.py")
SECONDS = 20.0
MEMORY = 400  # MiB, of crashproof's own process
TURNS = 30

_MEASURED = """
import resource, sys
from harness.cli import cli
try:
    cli.main([*sys.argv[1:]], standalone_mode=False)
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


def measure() -> list[Figure]:
    """Measure all of it; takes some minutes."""
    return [*asyncio.run(_rates()), *_whole()]


async def _rates() -> list[Figure]:
    (scenario,) = load(["scenarios/research.py::worker_dies"])
    with tempfile.TemporaryDirectory() as logs:
        async with open_worker(scenario, options=ExploreOptions(), logs=Path(logs)) as worker:
            return await _rates_of(scenario, worker)


async def _rates_of(scenario: Scenario, worker: ExploredWorker) -> list[Figure]:
    """Take the plain course of things again and again: warm as far as it goes, then each task of it cold."""
    search, asker = Search(worker, limits=Limits()), Asker(worker)
    root = await first_world(
        scenario, task_queue=worker.task_queue, budgets=DEFAULT_BUDGETS, converter=converter_of(scenario)
    )
    handed_out, world = list[World](), root
    while world.close is None:
        step = steps_from(world)[0]
        before = after(world, step, outcomes=await search.endings.of(world, step))
        world = before.copy()
        handed_out.append(before)
        await asker.ask(world, cached=None, goes_on=lambda world: False)
    begun = time.monotonic()
    for _ in range(TURNS):
        await search.walk(root, world.path)
    warm = TURNS * len(handed_out) / (time.monotonic() - begun)
    begun = time.monotonic()
    for _ in range(TURNS):
        for before in handed_out:
            await asker.ask(before.copy(), cached=None, goes_on=lambda world: False)
    cold = TURNS * len(handed_out) / (time.monotonic() - begun)
    return [
        above("explore: workflow tasks a second, warm", warm, 80, unit="/s"),
        above("explore: workflow tasks a second, cold", cold, 40, unit="/s"),
    ]


def _whole() -> list[Figure]:
    figures = []
    for target in RIGHT:
        explored, memory, seconds = _explored(target, jobs=1)
        longest = max(explored["scenarios"], key=lambda each: each["seconds"])
        whole = sum(each["whole"] for each in explored["scenarios"])
        figures += [
            below(f"{target}: longest, {longest['scenario']}", longest["seconds"], SECONDS, unit="s", digits=1),
            equal(f"{target}: findings", len(explored["findings"]), 0),
            equal(f"{target}: explored whole", whole, len(explored["scenarios"])),
            below(f"{target}: memory", memory, MEMORY, unit="MiB"),
        ]
    _, _, with_two = _explored(target, jobs=2)
    return [*figures, above(f"{target}: with two jobs, times as fast", seconds / with_two, 1.8, unit="x", digits=1)]


def _explored(target: str, *, jobs: int) -> tuple[dict[str, Any], float, float]:
    """Explore scenarios as a user does, and return the document, the memory in MiB, and the seconds."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", _MEASURED, "explore", target, "-o", "json", "--jobs", str(jobs), "--out", out]
        begun = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
    return json.loads(done.stdout), float(done.stderr.split()[-1]), seconds
