"""One side of a comparison, in a process of its own: ``python -m tests.bench.replayed.program SIDE ASKED``.

``ASKED`` is JSON. The last line of output is JSON: what the side took, in seconds of the clock and of the processors.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


def _classes(names: Sequence[str]) -> list[type]:
    """Return the classes of names as ``module:Class``."""
    found = (name.partition(":") for name in names)
    return [getattr(importlib.import_module(module), name) for module, _, name in found]


def each(asked: dict[str, Any]) -> dict[str, Any]:
    """One ``Replayer`` per history, as Temporal's documentation shows it."""
    classes = _classes(asked["workflows"])
    files = [Path(file) for file in asked["files"]]

    async def replay(file: Path) -> None:
        history = WorkflowHistory.from_json(file.name.partition(".")[0], file.read_text())
        await Replayer(workflows=classes).replay_workflow(history)

    async def replay_all() -> dict[str, Any]:
        await replay(files[0])  # the runtime starts once
        with _timed() as taken:
            for file in files:
                await replay(file)
        return taken

    return asyncio.run(replay_all())


def strict(asked: dict[str, Any]) -> dict[str, Any]:
    """Strict replay: files read, replayed under the plain condition in processes, compared."""
    from harness.histories.files import HistoryFile
    from harness.histories.reading_pool import read_histories
    from harness.replay.conditions import PLAIN
    from harness.replay.in_process.matrix import WorkflowCode, replay_in_process

    code = WorkflowCode(modules=asked["workflows"], cwd=Path.cwd())
    files = [HistoryFile(path=Path(file), shown=file) for file in asked["files"]]
    jobs = asked.get("jobs", 2)

    async def replay(folder: Path) -> tuple[int, int]:
        found = [each async for each in read_histories(files, folder=folder, jobs=jobs)]
        answers = replay_in_process(found, code=code, folder=folder, conditions=[PLAIN], jobs=jobs, time_limit=300)
        replays = [answer.replay async for answer in answers]
        clean = [one for one in replays if one.commands and not one.failure and not one.differences]
        return len(clean), sum(one.commands for one in clean)

    with tempfile.TemporaryDirectory() as folder, _timed() as taken:
        clean, commands = asyncio.run(replay(Path(folder)))
    if clean != len(files):
        raise SystemExit(f"{len(files) - clean} of {len(files)} histories did not replay as recorded")
    return taken | {"commands": commands}


def judged(asked: dict[str, Any]) -> dict[str, Any]:
    """All that ``crashproof replay`` does, under the conditions asked for."""
    from harness.histories.files import history_files
    from harness.replay.in_process.matrix import WorkflowCode
    from harness.replay.strict import replay_all

    files = history_files(asked["paths"], cwd=Path.cwd())
    code = WorkflowCode(modules=asked["modules"], cwd=Path.cwd())
    with tempfile.TemporaryDirectory() as folder, _timed() as taken:
        found = asyncio.run(
            replay_all(files, against=code, folder=Path(folder), conditions=asked["conditions"], jobs=2)
        )
    outcomes = [str(history.outcome) for history in found.histories]
    conditions = max(len(history.conditions) for history in found.histories)
    return taken | {"histories": len(outcomes), "conditions": conditions, "passed": outcomes.count("PASS")}


def beside(asked: dict[str, Any]) -> dict[str, Any]:
    """Plain ``replay_workflows`` and recording beside each other in one process, in turns."""
    sides = {"plain": _plain, "recording": _recording}
    best: dict[str, dict[str, float]] = {}
    for turn in range(asked["turns"] + 1):
        for name in sorted(sides, reverse=bool(turn % 2)):
            with _timed() as taken:
                asyncio.run(sides[name](asked))
            if turn:  # the first one starts the runtime and fills caches
                known = best.setdefault(name, dict(taken))
                best[name] = {key: min(value, taken[key]) for key, value in known.items()}
    return best


async def _plain(asked: dict[str, Any]) -> None:
    from temporalio.api.history.v1 import History

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for file in asked["binaries"]:
            yield WorkflowHistory(Path(file).stem, History.FromString(Path(file).read_bytes()).events)

    result = await Replayer(workflows=_classes(asked["workflows"])).replay_workflows(histories())
    if result.replay_failures:
        raise SystemExit("a history did not replay")


async def _recording(asked: dict[str, Any]) -> None:
    import msgspec

    from harness.replay.in_process.child_replayer import RequestReplayer
    from harness.replay.in_process.protocol import ReplayRequest

    requests = [
        ReplayRequest(workflow="Greeting", workflow_id=Path(file).stem, run_id="", binary=file)
        for file in asked["binaries"]
    ]
    classes = _classes(asked["workflows"])
    answers: list[Any] = []
    with tempfile.TemporaryDirectory() as folder:
        known = {each.__name__: each for each in classes}
        answering = RequestReplayer([(known, Replayer(workflows=classes))], decisions_file=f"{folder}/decided")
        messages = iter([*map(msgspec.json.encode, requests), b""])
        await answering.serve(messages.__next__, answers.append)
    if len([one for one in answers if one.replay.commands and not one.replay.differences]) != len(requests):
        raise SystemExit("a history did not replay as recorded")


@contextlib.contextmanager
def _timed() -> Iterator[dict[str, Any]]:
    """Fill in what is taken inside: seconds, seconds of processors, and peaks of memory in MiB so far."""
    taken: dict[str, Any] = {}
    began, worked = time.perf_counter(), _worked()
    yield taken
    taken["seconds"] = time.perf_counter() - began
    taken["worked"] = _worked() - worked
    taken["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    taken["children_memory"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _worked() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    sides = {"each": each, "strict": strict, "judged": judged, "beside": beside}
    print(json.dumps(sides[sys.argv[1]](json.loads(sys.stdin.read()))))
    sys.stdout.flush()
    os._exit(0)  # an interpreter that used the SDK's core may abort while finalizing
