"""How fast recorded histories are replayed, beside Temporal's own Replayer. Both sides take turns within one run.

Each side is a process of its own and reads the same files. What it takes is told by the clock and by the processors:
where others use the machine too, the second one is steadier.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.replayed.made import copy_recorded, write_long
from tests.bench.table import Figure, below, equal

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests" / "histories"
PLANTED = ROOT / "tests" / "replay" / "planted" / "histories"
SMALL = ["tests.replay.sample_workflows:Greeting"]
MODULE = "tests.bench.replayed.workflows"
SEVERAL = [f"{MODULE}:{name}" for name in ("Greeting", "Research", "Summary", "Booking", "Payment", "Conversation")]
WORKER = f"{sys.executable} -m {MODULE}"

COUNT = 2_000
SAMPLE = 60
TURNS = 2
MANY = 5_000
LONG = 50_000


def measure() -> list[Figure]:
    """Measure all of it; takes some minutes."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "small").mkdir()
        files = [str(file) for file in copy_recorded(place / "small", count=MANY)]
        sides = _Sides(place / "bytecode")
        return [
            *_against_replayer(sides, files),
            *_beside_plain(sides, place, files),
            *_two_processes(sides, files),
            *_matrix(sides),
            *_door(place, files),
            *_memory(sides, place),
        ]


class _Sides:
    """Runs sides, each in a process. Bytecode of the workflows is kept, as it is where nobody forbids it."""

    def __init__(self, bytecode: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment = kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}

    def run(self, side: str, **asked: Any) -> dict[str, Any]:
        """Return what one side tells."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.replayed.program", side],
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
            env=self._environment,
        )
        if done.returncode:
            raise SystemExit(f"the side {side!r} ended with exit status {done.returncode}")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told


def _against_replayer(sides: _Sides, files: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    for what, workflows, bound in (("a small workflow", SMALL, 3), ("six with a heavy import", SEVERAL, 8)):
        turns = [
            (
                sides.run("each", workflows=workflows, files=files[:SAMPLE]),
                sides.run("strict", workflows=workflows, files=files[:COUNT], jobs=2),
            )
            for _ in range(TURNS)
        ]
        each, strict = (
            {key: min(turn[side][key] for turn in turns) / count for key in ("seconds", "worked")}
            for side, count in ((0, SAMPLE), (1, COUNT))
        )
        figures += [
            Figure(name=f"one Replayer per history, {what}", measured=f"{1 / each['seconds']:.0f} per s"),
            Figure(name=f"strict replay of {COUNT:,}, {what}", measured=f"{1 / strict['seconds']:.0f} per s"),
            at_least(f"strict replay faster, {what}", each["seconds"] / strict["seconds"], bound),
            Figure(
                name="  the same by processor time, with two processors",
                measured=f"{2 * each['worked'] / strict['worked']:.1f} x",
            ),
        ]
    return figures


def _beside_plain(sides: _Sides, place: Path, files: Sequence[str]) -> list[Figure]:
    from harness.histories.formats import load

    folder = place / "binaries"
    folder.mkdir()
    binaries = []
    for file in files[:SAMPLE]:
        loaded = load(Path(file))
        binaries.append(str(folder / loaded.workflow_id))
        Path(binaries[-1]).write_bytes(loaded.history.SerializeToString())
    told = sides.run("beside", workflows=SMALL, binaries=binaries, turns=2 * TURNS)
    more = {key: 100 * (told["recording"][key] / told["plain"][key] - 1) for key in ("seconds", "worked")}
    return [
        below("recording and comparing, processor time more than replay_workflows", more["worked"], 30, unit="%"),
        Figure(name="  the same by the clock", measured=f"{more['seconds']:.0f} %"),
    ]


def _two_processes(sides: _Sides, files: Sequence[str]) -> list[Figure]:
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(TURNS):
        for jobs in (1, 2) if turn % 2 else (2, 1):
            asked = files[:COUNT] if jobs == 2 else files[: COUNT // 2]
            taken = sides.run("strict", workflows=SMALL, files=asked, jobs=jobs)["seconds"]
            seconds[jobs].append(taken / len(asked))
    return [at_least("two processes faster than one", min(seconds[1]) / min(seconds[2]), 1.7)]


def _matrix(sides: _Sides) -> list[Figure]:
    stored = [*STORED.glob("*.json"), *STORED.glob("*.json.gz")]
    paths = [str(file) for file in stored] or [str(PLANTED / "research-1.json")]
    modules = ["scenarios.research.workflows"] if stored else ["tests.replay.planted.conditions.class_attribute"]
    taken = sides.run("judged", paths=paths, modules=modules, conditions=[])
    return [
        below(f"the whole matrix on {len(paths)} stored histories", taken["seconds"], 30, unit="s", digits=1),
        Figure(name="conditions in it", measured=str(taken["conditions"])),
        equal("histories that pass", taken["passed"], taken["histories"]),
    ]


def _door(place: Path, files: Sequence[str]) -> list[Figure]:
    """Hand histories to a worker process, and time each mode alone."""
    tasks, seconds = asyncio.run(_through_door(place, files[:SAMPLE]))
    return [
        Figure(name=f"prefixes through the door, {mode}", measured=f"{tasks[mode] / seconds[mode]:.0f} per s")
        for mode in ("cold", "warm")
    ]


async def _through_door(place: Path, files: Sequence[str]) -> tuple[dict[str, int], dict[str, float]]:
    from harness.histories.formats import load
    from harness.replay.door.task_answer import Mode
    from harness.replay.door.worker import ReplayWorker, WorkerCommand

    loaded = [load(Path(file)) for file in files]
    logs = place / "door"
    logs.mkdir()
    command = WorkerCommand(command=WORKER, cwd=ROOT, logs=logs)
    tasks: dict[str, int] = {}
    seconds: dict[str, float] = {}
    modes: tuple[Mode, ...] = ("cold", "warm")
    async with ReplayWorker(command, name="bench", condition={}) as worker:
        for mode in modes:
            began = time.perf_counter()
            tasks[mode] = 0
            for one in loaded:
                answers = await worker.replay(
                    list(one.history.events), workflow_id=one.workflow_id, run_id=one.run_id, modes=[mode]
                )
                tasks[mode] += len(answers)
            seconds[mode] = time.perf_counter() - began
    return tasks, seconds


def _memory(sides: _Sides, place: Path) -> list[Figure]:
    (place / "long").mkdir()
    long = place / "long" / "long-1.pb"
    events = write_long(long, events=LONG)
    taken = sides.run("strict", workflows=[f"{MODULE}:ManySteps"], files=[str(long)], jobs=1)
    many = sides.run("judged", paths=[str(place / "small")], modules=SMALL, conditions=["plain"])
    return [
        Figure(name=f"a history of {events:,} events", measured=f"{taken['seconds']:.0f} s"),
        below("memory of the process that replays it", taken["children_memory"], 1024, unit="MiB"),
        Figure(name=f"{many['histories']:,} histories, read, replayed and judged", measured=f"{many['seconds']:.0f} s"),
        below("memory of crashproof itself over them", many["memory"], 1024, unit="MiB"),
        below("memory of a process that reads or replays them", many["children_memory"], 1024, unit="MiB"),
    ]


def at_least(name: str, value: float, bound: float) -> Figure:
    """Return the figure of a factor that is wanted no smaller than a bound."""
    return Figure(name=name, measured=f"{value:.1f} x", wanted=f">= {bound:g} x", met=value >= bound)
