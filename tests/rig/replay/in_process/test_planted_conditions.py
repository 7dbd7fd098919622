"""Each planted dependence is told with its condition and its line; what only looks like one is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from harness.histories.files import HistoryFile
from harness.histories.stored_history import StoredHistory
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.compare.dependence import dependence
from harness.replay.conditions import AGAIN, IN_PROCESS, PLAIN
from harness.replay.in_process.matrix import WorkflowCode, replay_in_process
from tests.replay.planted import planted
from tests.replay.planted.planted import ALWAYS, GROUPS, PREFIX, PROCESS, ROOT, Planted

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEFT_OUT = ("hash seed 2", "hash seed 3", "time zone west", "locale")
EQUAL = {condition.name for condition in AGAIN}
TRIED = tuple(condition for condition in IN_PROCESS if condition.name not in LEFT_OUT)

CHANGED = {case.histories[0] for case in planted.CHANGES}
DEPENDENT = planted.CONDITIONS
ALIKE = tuple(case for case in planted.ALIKE if case.histories[0] not in CHANGED)
CASES = (*DEPENDENT, *ALIKE)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the replays of one history showed.

    Attributes:
        conditions: Those under which other decisions were made than under the plain one.
        lines: Lines of the commands of which that is so, and of those that are not as recorded.
        witnesses: Function and innermost line of each.
        differences: How many fields are not as recorded, by condition.
        commands: How many were compared under the plain condition.
    """

    conditions: frozenset[str]
    lines: frozenset[str]
    witnesses: tuple[tuple[str, str], ...]
    differences: Mapping[str, int]
    commands: int


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Found]:
    """Replay all histories together under each condition; return what they showed by the history's name."""
    folder = tmp_path_factory.mktemp("replays")
    names = [name for case in CASES for name in case.histories]
    told = await answered(names, folder)
    return {name: of_answers(told[name]) for name in names}


async def answered(names: list[str], folder: Path) -> dict[str, dict[str, ConditionReplay]]:
    """Return what came of each history under each condition."""
    code = WorkflowCode(
        modules=[case.import_name for case in CASES if not case.replayer],
        replayers=sorted({case.replayer for case in CASES if case.replayer}),
        cwd=ROOT,
    )
    stored = [on_disk(name, folder) for name in names]
    told: dict[str, dict[str, ConditionReplay]] = {name: {} for name in names}
    async for each in replay_in_process(stored, code=code, folder=folder, conditions=TRIED):
        if each.condition not in EQUAL:
            told[names[each.index]][each.condition] = each
    return told


def on_disk(name: str, folder: Path) -> StoredHistory:
    events = WorkflowHistory.from_json(name, (planted.HISTORIES / f"{name}.json").read_text()).events
    binary = folder / f"{name}.pb"
    binary.write_bytes(History(events=events).SerializeToString())
    started = events[0].workflow_execution_started_event_attributes
    return StoredHistory(
        file=HistoryFile(path=binary, shown=binary.name),
        binary=binary,
        workflow=started.workflow_type.name,
        workflow_id=name,
        run_id=started.original_execution_run_id,
        events=len(events),
    )


def of_answers(told: Mapping[str, ConditionReplay]) -> Found:
    assert set(told) == {condition.name for condition in TRIED}
    assert not any(each.replay.lost or each.replay.skipped or each.replay.blocked for each in told.values())
    plain = told[PLAIN.name]
    others = [each for each in told.values() if decides_otherwise(plain, each)]
    differences = [difference for each in told.values() for difference in each.replay.differences]
    return Found(
        conditions=frozenset(each.condition for each in others),
        lines=frozenset(place(line) for each in others for line in lines_of(plain, each))
        | frozenset(place(difference.line) for difference in differences if difference.line),
        witnesses=tuple((each.function, place(each.stack[-1])) for each in told["watched"].replay.witnesses),
        differences={each.condition: len(each.replay.differences) for each in told.values()},
        commands=plain.replay.commands,
    )


def place(line: str) -> str:
    return line.partition(" in ")[0]


def decides_otherwise(plain: ConditionReplay, other: ConditionReplay) -> bool:
    return any(other.decisions.get(task, digest) != digest for task, digest in plain.decisions.items())


def lines_of(plain: ConditionReplay, other: ConditionReplay) -> list[str]:
    different = dependence(plain, other)
    command = different and (different.other or different.plain)
    return [command.line] if command else []


def groups(conditions: frozenset[str]) -> set[str]:
    """Return the groups that some conditions belong to; all of them together are a group of its own."""
    if len(conditions) == len(TRIED) - 1:
        return {ALWAYS}
    named = {group: begin for group, begin in GROUPS.items() if group != ALWAYS}
    return {group for group, begin in named.items() if any(each.startswith(begin) for each in conditions)}


@pytest.mark.parametrize("case", DEPENDENT, ids=lambda case: case.name)
async def test_dependence_is_told_with_its_condition_and_line(case: Planted, found: Mapping[str, Found]) -> None:
    of_case = [found[name] for name in case.histories]
    told = groups(frozenset[str]().union(*(each.conditions for each in of_case)))
    # Prefixes are asked in a process that has replayed everything before.
    assert told - ({PREFIX} if PROCESS in case.depends else set()) == set(case.depends)
    for each in of_case:
        assert each.lines
        assert each.lines <= set(case.lines)
        assert each.witnesses == (((case.call, case.cause_line),) if case.call else ())
        if case.changes:
            assert set(each.differences.values()) == {len(case.changes)}


@pytest.mark.parametrize("case", ALIKE, ids=lambda case: case.name)
async def test_look_alike_depends_on_nothing(case: Planted, found: Mapping[str, Found]) -> None:
    for name in case.histories:
        told = found[name]
        assert (told.conditions, told.lines) == (frozenset(), frozenset())
        assert (told.witnesses, sum(told.differences.values())) == ((), 0)
        assert told.commands
