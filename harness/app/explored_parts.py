"""Explorations that were made elsewhere, put together: each of other scenarios, or parts of the same one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.app.explore import PLAN, RECORD, ExplorationRecord, keep, new_folder, paths_file
from harness.records import files
from harness.records.explore_result import Explorations, ExploreResult
from harness.records.run_record import DeclaredScenario
from harness.replay.explore.exploring import ExploredPaths, judged_again
from harness.replay.explore.shards import Shard, all_paths, whole_of
from harness.report.files import shown_path


@dataclass(frozen=True, kw_only=True)
class _Part:
    declared: DeclaredScenario
    result: ExploreResult
    shard: Shard
    paths: ExploredPaths | None


def put_together(parts: Sequence[Path], *, out: Path) -> Explorations:
    """Make one evidence folder below ``out`` of explorations that were made elsewhere.

    Parts of one scenario are judged together. Where one is missing, it is said, and the outcome is UNKNOWN at best.

    Raises:
        UsageError: A file of one is corrupt.
    """
    folder = new_folder(out.resolve())
    by_scenario: dict[str, list[_Part]] = {}
    seconds = 0.0
    for part in parts:
        record = _moved(part, into=folder)
        seconds += record.explored.seconds
        for declared, result in zip(record.scenarios, record.explored.results, strict=False):
            file = paths_file(folder, result.scenario)
            paths = files.read_json(file, ExploredPaths) if file.is_file() else None
            one = _Part(declared=declared, result=result, shard=record.shard, paths=paths)
            by_scenario.setdefault(result.scenario, []).append(one)
    results = tuple(_whole(each, folder=folder) for each in by_scenario.values())
    explored = Explorations(results=results, folder=shown_path(folder), seconds=seconds)
    scenarios = tuple(each[0].declared for each in by_scenario.values())
    return keep(ExplorationRecord(cwd=os.getcwd(), scenarios=scenarios, explored=explored))


def _moved(part: Path, *, into: Path) -> ExplorationRecord:
    """Copy the evidence of a part into the folder of all, and return its record, which names files there then."""
    was = files.read_json(part / RECORD, ExplorationRecord).explored.folder
    shutil.copytree(part, into, dirs_exist_ok=True)
    for file in (into / RECORD, *into.glob(f"*/{PLAN}")):
        files.write_bytes(file, file.read_bytes().replace(was.encode(), shown_path(into).encode()))
    return files.read_json(into / RECORD, ExplorationRecord)


def _whole(parts: Sequence[_Part], *, folder: Path) -> ExploreResult:
    """Return what the parts of one scenario came to, judged together, with the paths of all in the folder."""
    first = parts[0]
    if first.shard.of == 1:
        return first.result
    known = [part.paths for part in parts if part.paths]
    paths = all_paths([each.paths for each in known])
    whole = whole_of([part.result for part in parts], of=first.shard.of, paths=paths)
    if not known:
        return whole
    together = replace(known[0], paths=paths)
    files.write_json(paths_file(folder, whole.scenario), together)
    return judged_again(whole, together)
