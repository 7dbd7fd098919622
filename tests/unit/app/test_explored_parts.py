"""Explorations that were made on several machines are one exploration in the end, with its files where they are now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.app.explore import PLAN, RECORD, ExplorationRecord, paths_file
from harness.app.explored_parts import put_together
from harness.records import files
from harness.records.explore_result import Explorations, ExploreResult
from harness.records.run_record import DeclaredScenario
from harness.records.verdict import Outcome
from harness.replay.explore.exploring import ExploredPaths
from harness.replay.explore.move import Move
from harness.replay.explore.path import ExploredPath
from harness.replay.explore.properties import DeclaredOutcomes
from harness.replay.explore.shards import Shard


def explored(part: Path, name: str) -> Path:
    """Write what an exploration leaves of one scenario, made in a folder that is not here."""
    was = f"elsewhere/{name}"
    result = ExploreResult(scenario=name, states=3, paths=2, title=f"{was}/history.json")
    record = ExplorationRecord(
        cwd="elsewhere",
        scenarios=(DeclaredScenario(name=name),),
        explored=Explorations(results=(result,), folder=was, seconds=1.5),
    )
    files.write_json(part / RECORD, record)
    files.write_json(part / f"of-{name}" / PLAN, {"history": f"{was}/history.json"})
    return part


def test_explorations_of_several_machines_are_put_together(tmp_path: Path) -> None:
    parts = [explored(tmp_path / name, name) for name in ("trip", "tour")]
    whole = put_together(parts, out=tmp_path / "out")
    assert [each.scenario for each in whole.results] == ["trip", "tour"]
    assert (whole.seconds, whole.outcome) == (3.0, Outcome.PASS)
    place = tmp_path / "out" / "latest"
    assert [each.title for each in whole.results] == [f"{whole.folder}/history.json"] * 2
    assert files.read_json(place / RECORD, ExplorationRecord).explored == whole
    assert {file.parent.name for file in place.glob(f"*/{PLAN}")} == {"of-trip", "of-tour"}
    assert all(whole.folder in file.read_text() for file in place.glob(f"*/{PLAN}"))
    assert (place / "report.html").is_file()


def explored_part(part: Path, number: int, *, of: int, results: dict[str, str]) -> Path:
    """Write what one part of an exploration leaves: by the signal that came, the result of its path."""
    explored(part, "trip")
    record = files.read_json(part / RECORD, ExplorationRecord)
    begin = Move(kind="begin")
    paths = tuple(
        ExploredPath(steps=((begin,), (Move(kind="signal", subject=name),)), close="completed", result=result)
        for name, result in results.items()
    )
    files.write_json(part / RECORD, replace(record, shard=Shard(number=number, of=of)))
    files.write_json(paths_file(part, "trip"), ExploredPaths(declared=DeclaredOutcomes(), paths=paths))
    return part


def test_parts_of_one_exploration_are_judged_together_and_what_is_in_both_counts_once(tmp_path: Path) -> None:
    same = [explored_part(tmp_path / f"{n}", n, of=2, results={"a": "1", f"b{n}": "1"}) for n in range(2)]
    [whole] = put_together(same, out=tmp_path / "out").results
    assert (whole.paths, whole.states, whole.limit, whole.outcome) == (3, 6, "", Outcome.PASS)
    assert whole.notes == ("explored in 2 parts",)
    kept = files.read_json(paths_file(tmp_path / "out" / "latest", "trip"), ExploredPaths)
    assert [path.moves[0].subject for path in kept.paths] == ["a", "b0", "b1"]


def test_a_part_that_is_missing_leaves_the_whole_unknown(tmp_path: Path) -> None:
    [whole] = put_together([explored_part(tmp_path / "0", 0, of=3, results={"a": "1"})], out=tmp_path / "out").results
    assert (whole.limit, whole.outcome) == ("2 of its 3 parts were not explored", Outcome.UNKNOWN)


def test_each_path_that_is_long_enough_is_in_one_part_and_shorter_ones_in_all() -> None:
    begin, shards = (Move(kind="begin"),), [Shard(number=number, of=4) for number in range(4)]
    path = [begin, (Move(kind="complete", subject="charge.1"),)]
    assert all(shard.has(path) for shard in shards)
    names = [f"activity.{number}" for number in range(40)]
    owners = [[shard for shard in shards if shard.has([*path, (Move(kind="fail", subject=name),)])] for name in names]
    assert {len(each) for each in owners} == {1}
    assert {owner.number for [owner] in owners} == {0, 1, 2, 3}
    longer = [*path, (Move(kind="fail", subject=names[0]),), (Move(kind="fire", subject="timer.1"),)]
    assert [shard for shard in shards if shard.has(longer)] == owners[0]
