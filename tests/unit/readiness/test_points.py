"""The table of points names only what is there: checks, rules, faults, planted agents."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase

import pytest

from harness import faults
from harness.app.audit import rule_texts
from harness.checks.catalogue import standard
from harness.readiness.fallback import CHECKS
from harness.readiness.logs import log_checks
from harness.readiness.metrics import CHECKS as METRICS
from harness.readiness.points import POINTS, ReadinessPoint
from harness.replay.explore.properties import PROPERTIES
from tests import ROOT

NAMES = {
    *(check.name for check in (*standard(), *CHECKS, *METRICS, *log_checks({}))),
    *(each.name for each in PROPERTIES),
    "undone:book=cancel",
}


def test_there_are_twelve_points_two_a_theme() -> None:
    themes = [point.theme for point in POINTS]
    assert len(POINTS) == len({point.id for point in POINTS}) == 12
    assert {themes.count(theme) for theme in themes} == {2}


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.id)
def test_a_point_names_what_is_there(point: ReadinessPoint) -> None:
    rules = [rule.id for rule in rule_texts()]
    known = {*faults.families(), *(fault.name for fault in faults.listed())}
    assert [check for check in point.checks if not any(fnmatchcase(name, check) for name in NAMES)] == []
    assert [rule for rule in point.rules if not any(each.startswith(rule) for each in rules)] == []
    assert {*point.faults, *point.under} - known == set()


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.id)
def test_the_planted_agent_of_a_point_is_declared(point: ReadinessPoint) -> None:
    file, _, name = point.planted.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_each_rule_and_check_that_a_point_could_use_is_used_or_left_out_for_a_reason() -> None:
    left_out = {
        "activities-registered": "about deploying",
        "address-can-be-told": "about deploying",
        "executions-alike": "of several executions, which a run has where it is asked for them",
        "goes-on-under-other-code": "of the next version of the code, which a run has where it is given",
        "graceful-stop": "about deploying",
        "no-refusal-told-as-answer": "the SDK's own tools",
        "queries-answered": "nothing is lost by it",
        "retry-names-exist": "",
        "scheduled-runs-do-alike": "of what a schedule starts, which a run has where its faults are asked for",
        "scheduled-runs-end-alike": "of what a schedule starts, which a run has where its faults are asked for",
        "state-survives-server-restart": "the server's own promise",
        "within-server-limits": "about size",
    }
    used = [pattern for point in POINTS for pattern in point.checks]
    unused = {check.name for check in standard() if not any(fnmatchcase(check.name, each) for each in used)}
    assert unused <= left_out.keys()


def test_the_page_has_a_row_for_each_point() -> None:
    page = (ROOT / "harness" / "docs" / "readiness.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and line[2:4] in {point.id for point in POINTS}]
    assert len(rows) == 12
    for point, row in zip(POINTS, rows, strict=True):
        faults_named = ", ".join(f"`{name}`" for name in point.faults)
        promise = f"{point.promise[0].lower()}{point.promise[1:]}"
        assert row == (
            f"| {point.id} | {point.theme} | {point.title}: {promise} | {faults_named or 'any'} | `{point.planted}` |"
        )
