"""``crashproof replay`` finds every planted change and dependence with field and line, and nothing in look-alikes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from harness.replay.compare.judging import AS_RECORDED, EACH_TIME, UNDER_EVERY_CONDITION
from harness.replay.conditions import IN_PROCESS
from tests.replay.planted import planted
from tests.replay.planted.planted import ALWAYS, PREFIX, ROOT, Planted
from tests.rig.cli.running import crashproof

Replayed = Callable[[Sequence[Planted], Sequence[str]], dict[str, Any]]

DEPENDENT = tuple(case for case in planted.CONDITIONS if case.depends)
CHANGED = (*planted.CHANGES, *(case for case in planted.CONDITIONS if case.changes))
OF_CODE = {case.histories for case in planted.CHANGES}
OWN = tuple(case for case in planted.ALIKE if case.histories not in OF_CODE)
ALIKE = (*planted.ALIKE, planted.UNCHANGED)

TOGETHER = (*planted.CONDITIONS, *OWN)
"""No two of them have a workflow type in common: one command replays them all."""

FEW = ("hash seed 1", "every prefix")
"""Conditions that a change of code has to be told apart from; together they take two processes."""


def side_by_side(cases: Sequence[Planted]) -> list[tuple[Planted, ...]]:
    """Share cases out to few commands, in none of which a workflow type is there twice."""
    by_history: dict[tuple[str, ...], list[Planted]] = {}
    for case in cases:
        by_history.setdefault(case.histories, []).append(case)
    return [tuple(case for case in group if case) for group in zip_longest(*by_history.values())]


COMMANDS = {
    case.name: (group, conditions)
    for groups, conditions in (
        ([TOGETHER], ()),
        (side_by_side(planted.CHANGES), FEW),
        (side_by_side([case for case in planted.ALIKE if case not in OWN]), FEW),
        ([(planted.UNCHANGED,)], ()),
    )
    for group in groups
    for case in group
}
"""With which others a case is replayed, and under which conditions; none: all."""


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Return what replays cases with one command and returns its document; each command runs once."""
    told: dict[str, dict[str, Any]] = {}

    def replay(cases: Sequence[Planted], conditions: Sequence[str]) -> dict[str, Any]:
        if cases[0].name not in told:
            told[cases[0].name] = of_command(cases, conditions, folder=tmp_path_factory.mktemp("replay"))
        return told[cases[0].name]

    return replay


def of_command(cases: Sequence[Planted], conditions: Sequence[str], *, folder: Path) -> dict[str, Any]:
    (folder / "tests").symlink_to(ROOT / "tests")
    code = [("--replayer", case.replayer) if case.replayer else ("--workflows", case.import_name) for case in cases]
    options = [*dict.fromkeys(code), *(("--condition", name) for name in conditions)]
    files = dict.fromkeys(str(file.relative_to(ROOT)) for case in cases for file in case.files)
    done = crashproof("replay", *files, *(word for option in options for word in option), "-o", "json", cwd=folder)
    told: dict[str, Any] = done.json
    found = any(case.must_be_found for case in cases)
    assert (done.status, told["exit_status"], told["outcome"]) == ((1, 1, "FAIL") if found else (0, 0, "PASS")), done
    return told


def findings(case: Planted, replayed: Replayed) -> list[dict[str, Any]]:
    """Return what was found in the histories of a case, each of which was really compared."""
    told = replayed(*COMMANDS[case.name])
    names = {str(file.relative_to(ROOT)) for file in case.files}
    histories = [each for each in told["histories"] if each["file"] in names]
    assert len(histories) == len(names)
    assert all(each["commands"] for each in histories)
    if not case.must_be_found:
        assert not any(each["reason"] for each in histories)
    assert {each["outcome"] for each in histories} == {"FAIL" if case.must_be_found else "PASS"}
    return [each for each in told["findings"] if names & set(each["histories"])]


def is_at(finding: dict[str, Any], case: Planted) -> bool:
    return str(finding["line"]).partition(" in ")[0] in case.lines


def test_cases_that_are_replayed_together_have_no_workflow_in_common() -> None:
    groups = {id(group): group for group, _ in COMMANDS.values()}.values()
    assert all(
        len({name for case in group for name in case.histories}) == sum(len(case.histories) for case in group)
        for group in groups
    )
    assert set(COMMANDS) == {case.name for case in planted.TABLE}


@pytest.mark.parametrize("case", CHANGED, ids=lambda case: case.name)
def test_change_of_code_is_found(case: Planted, replayed: Replayed) -> None:
    found = findings(case, replayed)
    for change in case.changes:
        expected = {name: getattr(change, name) for name in ("kind", "subject", "field", "old", "new")}
        differences = [{name: each["difference"][name] for name in expected} for each in found]
        assert expected in differences
    assert {each["check"] for each in found} == {AS_RECORDED}
    assert all(is_at(each, case) and each["reproduce"] and not each["conditions"] for each in found)
    assert {cause["function"] for each in found for cause in each["causes"]} == ({case.call} - {""})


@pytest.mark.parametrize("case", DEPENDENT, ids=lambda case: case.name)
def test_dependence_is_found_with_its_cause(case: Planted, replayed: Replayed) -> None:
    found = [each for each in findings(case, replayed) if each["check"] == UNDER_EVERY_CONDITION]
    assert found
    for each in found:
        assert is_at(each, case), each
        told = [(cause["function"], cause["stack"][-1].partition(" in ")[0]) for cause in each["causes"]]
        assert told == ([(case.call, case.cause_line)] if case.call else [])
        assert all(is_cause(condition, case) for condition in each["conditions"]), each


def is_cause(condition: str, case: Planted) -> bool:
    """Tell whether a finding that shows under a condition names the cause that is planted."""
    (group,) = case.depends
    if group == ALWAYS:
        return condition == EACH_TIME
    return condition == "replayed" if group == PREFIX else condition in {e.name for e in IN_PROCESS if e.group == group}


@pytest.mark.parametrize("case", ALIKE, ids=lambda case: case.name)
def test_nothing_is_found_in_a_look_alike(case: Planted, replayed: Replayed) -> None:
    assert findings(case, replayed) == []
    told = replayed(*COMMANDS[case.name])
    assert told["commands"] > 0
    assert told["prefixes"] > 0
    if COMMANDS[case.name][1] == ():
        assert set(told["conditions"]) == {each.name for each in IN_PROCESS}
