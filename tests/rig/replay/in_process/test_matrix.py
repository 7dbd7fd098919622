"""Every history under every condition, in processes of its own: what depends on the process is found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.histories import formats as histories
from harness.records.evidence import History
from harness.replay.compare.decisions import ConditionReplay, read_decisions
from harness.replay.compare.dependence import dependence
from harness.replay.conditions import IN_PROCESS, PLAIN, Condition
from harness.replay.in_process.matrix import (
    MOST_BLOCKED,
    SHARD_FROM,
    WorkflowCode,
    replay_in_process,
)
from tests import TESTS
from tests.children import running
from tests.replay import sample_conditions
from tests.replay.on_disk import on_disk

HERE = TESTS / "replay"
ROOT = HERE.parents[1]
STORED = [
    histories.as_record(histories.load(HERE / "histories" / f"{name}.json", workflow_id=workflow_id))
    for name, workflow_id in (
        ("Greeting-run", "Greeting-run"),
        ("AllCommands-run", "AllCommands-run"),
        ("AllCommands-last", "AllCommands-run"),
    )
]
DEPENDS = {
    "SetOrder": "hash seed",
    "DictFromSet": "hash seed",
    "Hash": "hash seed",
    "LocalZone": "time zone",
    "Calendar": "wall clock",
    "Encoding": "locale",
    "Cache": "process",
    "ClassAttribute": "process",
}
SAME = ("SortedSet", "OwnTime", "OwnRandom", "OwnModule")


def first_task(workflow: str, number: int) -> History:
    """Return the history of a workflow that has only been started."""
    started: dict[str, Any] = dict(STORED[0].events[0])
    name = "workflowExecutionStartedEventAttributes"
    started[name] = {**started[name], "workflowType": {"name": workflow}}
    events = (started, *STORED[0].events[1:3])
    return dataclasses.replace(STORED[0], workflow_id=f"{workflow}-{number}", path=workflow, events=events)


async def answered(
    conditions: Sequence[Condition],
    found: list[History],
    *modules: str,
    logs: Path,
    replayers: tuple[str, ...] = (),
    limit: float = 30.0,
) -> dict[str, list[ConditionReplay]]:
    """Replay histories under conditions and return what came of them by condition, in the order given."""
    given = modules or ("tests.replay.sample_workflows", "tests.replay.sample_commands")
    code = WorkflowCode(modules=() if replayers else given, replayers=replayers, cwd=ROOT)
    stored = on_disk(found, folder=logs)
    replaying = replay_in_process(stored, code=code, folder=logs, conditions=conditions, time_limit=limit)
    told = [each async for each in replaying]
    told.sort(key=lambda each: each.index)
    return {condition.name: [each for each in told if each.condition == condition.name] for condition in conditions}


def named(name: str) -> Condition:
    return next(each for each in IN_PROCESS if each.name == name)


async def test_right_workflows_decide_as_recorded_under_each_condition(tmp_path: Path) -> None:
    found = await answered(IN_PROCESS, STORED, logs=tmp_path)
    assert list(found) == [condition.name for condition in IN_PROCESS]
    for condition in IN_PROCESS:
        for history, plain, told in zip(STORED, found["plain"], found[condition.name], strict=True):
            replay = told.replay
            assert (replay.failure, replay.lost, replay.witnesses) == ("", "", ())
            assert (replay.differences, replay.left_out) == ((), ())
            assert replay.commands
            assert bool(replay.prefixes) == condition.prefixes
            assert dependence(plain, told) is None
            assert condition.prefixes or told.decisions == plain.decisions
            assert replay.run_id == history.run_id
    details = found["plain"][1].details
    assert details
    assert all(command.line for task in read_decisions(details) for command in task.commands)
    assert not running("harness.replay.in_process.child_main")


async def test_what_depends_on_the_process_is_told_with_the_condition(tmp_path: Path) -> None:
    names = [*DEPENDS, *SAME]
    found = [first_task(name, number) for name in names for number in (1, 2)]
    told = await answered(IN_PROCESS, found, sample_conditions.__name__, logs=tmp_path)
    depends: dict[str, set[str]] = {name: set() for name in names}
    for condition in IN_PROCESS[1:]:
        for history, one, two in zip(found, told["plain"], told[condition.name], strict=True):
            assert one.decisions
            assert bool(two.decisions) != condition.prefixes
            different = dependence(one, two)
            if different:
                assert different.condition == condition.name
                depends[history.path].add(condition.group)
                line = (different.other or different.plain).line  # type: ignore[union-attr]
                assert "sample_conditions.py:" in line
    for name, group in DEPENDS.items():
        assert group in depends[name], name
        assert depends[name] <= {group, "process"}, depends[name]
    assert {name: depends[name] for name in SAME} == {name: set() for name in SAME}


async def test_non_deterministic_calls_come_with_the_condition_that_watches(tmp_path: Path) -> None:
    found = [first_task(name, 1) for name in ("LocalZone", "Calendar", "OwnTime", "OwnRandom")]
    told = await answered([named("watched")], found, sample_conditions.__name__, logs=tmp_path)
    zone, calendar, own_time, own_random = [each.replay for each in told["watched"]]
    assert [each.function for each in zone.witnesses] == ["datetime.datetime.fromtimestamp"]
    (call,) = calendar.witnesses
    assert (call.function, call.workflow) == ("datetime.datetime.now", "Calendar")
    assert [line.rpartition(" ")[2] for line in call.stack] == ["run", "this_year"]
    assert own_time.witnesses == own_random.witnesses == ()


async def test_unknown_workflow_is_skipped(tmp_path: Path) -> None:
    told = await answered([PLAIN], [first_task("Nobody", 1)], logs=tmp_path)
    assert "Nobody" in told["plain"][0].replay.skipped


async def test_attack_a_prefix_that_stalls_is_stopped_by_a_limit_that_grows_with_its_history(tmp_path: Path) -> None:
    short = dataclasses.replace(STORED[0], events=STORED[0].events[:8])
    told = await answered([named("every prefix")], [short], "tests.replay.sample_hanging:Hangs", logs=tmp_path, limit=2)
    assert "took longer than 2.04 s" in told["every prefix"][0].replay.lost


@pytest.mark.parametrize("condition", [PLAIN, named("cold process")], ids=lambda each: each.name)
async def test_lost_process_costs_one_history(condition: Condition, tmp_path: Path) -> None:
    modules = ("tests.replay.sample_commands", "tests.replay.sample_hanging:Crashes")
    told = await answered([condition], [first_task("SetOrder", 1), STORED[2]], *modules, logs=tmp_path)
    lost, kept = told[condition.name]
    assert "exit status 7" in lost.replay.failure
    assert not lost.decisions
    assert not kept.replay.failure
    assert len(kept.decisions) == 3


@pytest.mark.parametrize("kills", [1, 5])
@pytest.mark.parametrize("condition", [PLAIN, named("cold process")], ids=lambda each: each.name)
async def test_a_process_that_is_killed_from_outside_costs_no_history(
    condition: Condition, kills: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only once: what is killed again over the same history does it itself, or asks for too much memory."""
    (tmp_path / "kills").write_text(str(kills))
    monkeypatch.setenv("KILLS", str(tmp_path / "kills"))
    modules = ("tests.replay.sample_commands", "tests.replay.sample_hanging:IsKilled")
    told = await answered([condition], [first_task("IsKilled", 1), STORED[2]], *modules, logs=tmp_path)
    killed, kept = told[condition.name]
    assert ("exit status -9" in killed.replay.failure) is (kills > 1)
    assert ("exit status -9" in killed.replay.lost) is (kills > 1)
    assert not kept.replay.failure


@pytest.mark.parametrize("condition", [PLAIN, named("cold process")], ids=lambda each: each.name)
async def test_a_workflow_that_leaves_with_status_0_takes_no_answer_of_another(
    condition: Condition, tmp_path: Path
) -> None:
    modules = ("tests.replay.sample_commands", "tests.replay.sample_hanging:Leaves")
    asked = [first_task("Leaves", 1), STORED[2], first_task("Leaves", 2), STORED[2]]
    replays = (await answered([condition], asked, *modules, logs=tmp_path))[condition.name]
    assert [each.index for each in replays] == [0, 1, 2, 3]
    assert ["exit status 0" in each.replay.failure for each in replays] == [True, False, True, False]
    assert [len(each.decisions) for each in replays] == [0, 3, 0, 3]


async def test_many_histories_are_shared_out(tmp_path: Path) -> None:
    many = [dataclasses.replace(STORED[0], workflow_id=f"greeting-{number}") for number in range(SHARD_FROM)]
    told = await answered([PLAIN], many, logs=tmp_path)
    assert [each.replay.workflow_id for each in told["plain"]] == [each.workflow_id for each in many]
    assert {each.replay.commands for each in told["plain"]} == {4}
    assert len({each.details.path for each in told["plain"] if each.details}) == 2


async def test_replayer_of_the_user(tmp_path: Path) -> None:
    told = await answered([PLAIN], STORED[:1], logs=tmp_path, replayers=("tests.replay.sample_replayer:replayer",))
    assert not told["plain"][0].replay.failure
    assert told["plain"][0].replay.commands == 4


async def test_code_that_cannot_be_imported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no_such_module"):
        await answered([PLAIN], STORED[:1], "no_such_module", logs=tmp_path)
    with pytest.raises(UsageError, match=r"json:JSONDecoder returns no temporalio\.worker\.Replayer"):
        await answered([PLAIN], STORED[:1], logs=tmp_path, replayers=("json:JSONDecoder",))


async def test_history_that_blocks_is_not_tried_under_all_conditions(tmp_path: Path) -> None:
    modules = ("tests.rig.cli.hostile_workflows", "tests.replay.sample_workflows")
    tried = [PLAIN, named("warm process"), named("twice in a row"), named("cold process")]
    spins = dataclasses.replace(STORED[0], events=(*first_task("Spins", 1).events, *STORED[0].events[3:]))
    told = await answered(tried, [spins, STORED[0]], *modules, logs=tmp_path)
    blocked = [each.replay.blocked for answers in told.values() for each in answers if each.index == 0]
    assert MOST_BLOCKED <= len(blocked) < len(tried)  # two processes may be at it at the same time
    assert all(blocked)
    assert not any(answers[-1].replay.failure for answers in told.values())
    assert {answers[-1].index for answers in told.values()} == {1}
