from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import UsageError
from harness.evidence import History
from harness.replay import histories, matrix
from harness.replay.compare import compare
from harness.replay.matrix import CONDITIONS, PLAIN, Condition, Replayed, dependence, replay_under
from tests.replay import sample_conditions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STORED = [
    histories.load(HERE / "histories" / f"{name}.json", workflow_id=workflow_id)
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
    "Cache": "twice in a row",
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


async def replayed(
    condition: Condition, found: list[History], *modules: str, logs: Path, **more: Any
) -> list[Replayed]:
    """Replay histories under a condition and return what came of them, in the order given."""
    given = modules or ("tests.replay.sample_workflows", "tests.replay.sample_commands")
    under = replay_under(condition, found, modules=given, cwd=ROOT, logs=logs, **more)
    by_history = {id(history): told async for history, told in under}
    return [by_history[id(history)] for history in found]


def named(name: str) -> Condition:
    return next(each for each in CONDITIONS if each.name == name)


def test_conditions_have_names_of_their_own_and_the_plain_one_comes_first() -> None:
    assert CONDITIONS[0] is PLAIN
    assert len({each.name for each in CONDITIONS}) == len(CONDITIONS) >= 8
    assert all(set(PLAIN.environment) <= set(each.environment) for each in CONDITIONS)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda each: each.name)
async def test_right_workflows_decide_as_recorded_under_each_condition(condition: Condition, tmp_path: Path) -> None:
    found = await replayed(condition, STORED, logs=tmp_path)
    for history, told in zip(STORED, found, strict=True):
        assert (told.condition, told.verdict.failure, told.lost, told.witnesses) == (condition.name, "", "", ())
        compared = compare(history, told.decided)
        assert (compared.differences, compared.left_out) == ((), ())
        assert compared.commands
        assert all(command.line for task in told.decided for command in task.commands)
    alive = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    assert not [each for each in alive if "harness.replay.process" in each.cmdline()]


async def test_what_depends_on_the_process_is_told_with_the_condition(tmp_path: Path) -> None:
    names = [*DEPENDS, *SAME]
    found = [first_task(name, number) for name in names for number in (1, 2)]
    module = sample_conditions.__name__
    plain = await replayed(PLAIN, found, module, logs=tmp_path)
    depends: dict[str, set[str]] = {name: set() for name in names}
    for condition in CONDITIONS[1:]:
        other = await replayed(condition, found, module, logs=tmp_path)
        for history, one, two in zip(found, plain, other, strict=True):
            assert one.decided
            assert two.decided
            different = dependence(one, two)
            if different:
                assert different.condition == condition.name
                depends[history.path].add(condition.name)
                line = (different.other or different.plain).line  # type: ignore[union-attr]
                assert "sample_conditions.py:" in line
    for name, word in DEPENDS.items():
        assert depends[name], name
        assert any(word in each for each in depends[name]), (name, depends[name])
        assert all(word in each or word in ("process", "twice in a row") for each in depends[name]), depends[name]
    assert {name: depends[name] for name in SAME} == {name: set() for name in SAME}


async def test_witnesses_come_with_the_condition_that_watches(tmp_path: Path) -> None:
    found = [first_task(name, 1) for name in ("LocalZone", "Calendar", "OwnTime", "OwnRandom")]
    zone, calendar, own_time, own_random = await replayed(
        named("watched"), found, sample_conditions.__name__, logs=tmp_path
    )
    assert [each.function for each in zone.witnesses] == ["datetime.datetime.fromtimestamp"]
    (witness,) = calendar.witnesses
    assert (witness.function, witness.workflow) == ("datetime.datetime.now", "Calendar")
    assert [line.rpartition(" ")[2] for line in witness.stack] == ["run", "this_year"]
    assert own_time.witnesses == own_random.witnesses == ()


async def test_unknown_workflow_is_skipped(tmp_path: Path) -> None:
    (told,) = await replayed(PLAIN, [first_task("Nobody", 1)], logs=tmp_path)
    assert "Nobody" in told.verdict.skipped


@pytest.mark.parametrize("condition", [PLAIN, named("cold process")], ids=lambda each: each.name)
async def test_lost_process_costs_one_history(condition: Condition, tmp_path: Path) -> None:
    modules = ("tests.replay.sample_commands", "tests.replay.sample_hanging:Crashes")
    lost, kept = await replayed(condition, [first_task("SetOrder", 1), STORED[2]], *modules, logs=tmp_path)
    assert "exit status 7" in lost.verdict.failure
    assert not lost.decided
    assert not kept.verdict.failure
    assert len(kept.decided) == 3


async def test_replayer_of_the_user(tmp_path: Path) -> None:
    (told,) = await replayed(PLAIN, STORED[:1], logs=tmp_path, replayer="tests.replay.sample_replayer:replayer")
    assert not told.verdict.failure
    assert compare(STORED[0], told.decided).differences == ()


async def test_code_that_cannot_be_imported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no_such_module"):
        await replayed(PLAIN, STORED[:1], "no_such_module", logs=tmp_path)
    with pytest.raises(UsageError, match=r"json:JSONDecoder returns no temporalio\.worker\.Replayer"):
        await replayed(PLAIN, STORED[:1], logs=tmp_path, replayer="json:JSONDecoder")


def test_blocked_task_is_no_dependence() -> None:
    from harness.replay.commands import Command, Decided
    from harness.replays import Replay

    verdict = Replay(workflow_id="w", run_id="r")
    timer = Decided(started_event_id=3, commands=(Command(kind="StartTimer", fields={}),))
    blocked = Decided(started_event_id=3, failure="[TMPRL1101] Potential deadlock detected")
    failed = Decided(started_event_id=3, failure="no")
    told = [Replayed(condition="c", verdict=verdict, decided=(each,)) for each in (timer, blocked, failed)]
    assert dependence(told[0], told[1]) is None
    assert dependence(told[0], told[0]) is None
    found = dependence(told[0], told[2])
    assert found == matrix.Dependence(condition="c", workflow_task=3, plain=timer.commands[0], failures=("", "no"))
