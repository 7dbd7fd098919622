"""Whatever a finding of any command is called can be explained by that name, and so can a point of the checklist."""

from __future__ import annotations

from harness.app.explaining import explained
from harness.checks.catalogue import standard
from harness.readiness.points import POINTS
from harness.replay.compare.judging import SENTENCES
from harness.replay.explore.properties import PROPERTIES
from harness.report.explain import explained_text

KNOWN = {each.name: each for each in explained()}


def test_all_that_is_named_in_a_checklist_a_replay_or_an_exploration_is_known() -> None:
    of_points = {check for point in POINTS for check in point.checks if "*" not in check}
    of_trials = {check.name for check in standard()}
    assert {point.id for point in POINTS} | of_points - of_trials <= KNOWN.keys()
    assert {*SENTENCES, *(each.name for each in PROPERTIES)} <= KNOWN.keys()


def test_a_point_says_what_it_is_made_of_and_how_it_is_mended() -> None:
    text = explained_text(KNOWN["O1"], width=200)
    assert text.startswith(
        "O1 (observability, of the checklist of crashproof ready)\n\nMetrics move for each fault: the"
    )
    for shown in (
        "faults-move-metrics",
        "kill-worker, model-503",
        "Give the worker",
        "watching.py::metrics_stand_still",
    ):
        assert shown in text
