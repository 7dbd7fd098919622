"""What a sweep came to: nothing left out counts as passed, and each finding has its smallest plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.records.cut import Cut
from harness.records.plan import Strike, parse
from harness.records.point import Point
from harness.records.sweep_result import SweepResult, count, outcome
from harness.records.verdict import Finding, Judgement, Outcome, Severity, Verdict

PASS, UNKNOWN, FAIL = Outcome.PASS, Outcome.UNKNOWN, Outcome.FAIL
CUTS = tuple(Cut(Point(position="before", door="wire", operation=name), fault="kill-worker") for name in ("One", "Two"))
ONE, TWO = (cut.strike for cut in CUTS)


def verdict(trial: str, found: Outcome = PASS, *, plan: str = "baseline", subject: str = "", **more: Any) -> Verdict:
    findings = (Finding(check="a", message=f"seen in {trial}", subject=subject),) if found is FAIL else ()
    judgement = Judgement(check="a", outcome=found, findings=findings)
    return Verdict(trial=trial, scenario="s", plan=parse(plan), struck=True, judgements=(judgement,), **more)


def swept(*verdicts: Verdict, **more: Any) -> SweepResult:
    return SweepResult(scenario="s", verdicts=verdicts, **{"cuts": CUTS, "struck": (ONE, TWO), **more})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (swept(verdict("a")), PASS),
        (swept(verdict("a"), verdict("b", FAIL)), FAIL),
        (swept(), UNKNOWN),
        (swept(verdict("a"), struck=(ONE,)), UNKNOWN),
        (swept(verdict("a"), reason="nothing to strike"), UNKNOWN),
        (swept(verdict("a"), cuts=(), struck=()), UNKNOWN),
        (swept(verdict("a"), cuts=(), struck=(), points_only=True), PASS),
        (swept(verdict("a"), struck=(), unreachable=(ONE, TWO)), UNKNOWN),
        (swept(verdict("b", FAIL), struck=()), FAIL),
        (swept(verdict("a"), struck=(ONE,), unreachable=(TWO,)), PASS),
    ],
)
def test_the_outcome_is_the_worst_and_what_shows_nothing_is_unknown(found: SweepResult, expected: Outcome) -> None:
    assert found.outcome is expected


def test_several_sweeps_have_the_worst_outcome_and_none_at_all_is_unknown() -> None:
    assert outcome([swept(verdict("a")), swept(verdict("b", FAIL)), swept()]) is FAIL
    assert outcome([]) is UNKNOWN


def test_what_is_unreachable_is_not_known() -> None:
    assert swept(struck=(TWO,), unreachable=(ONE,)).known == 1
    assert swept(cuts=()).known == 2


def test_a_point_without_a_trial_was_not_tried_whatever_ended_the_sweep() -> None:
    assert swept(verdict("a")).untried == ()
    assert swept(verdict("a"), struck=(ONE,)).untried == (TWO,)
    assert swept(verdict("a"), struck=(ONE,), unreachable=(TWO,)).untried == ()
    assert swept(verdict("a"), verdict("b", plan=str(TWO)), struck=(ONE,)).untried == ()
    assert swept(verdict("a"), struck=(), points_only=True).untried == ()


@pytest.mark.parametrize(("reached", "missing", "expected"), [(1, 1, PASS), (18, 2, PASS), (17, 2, UNKNOWN)])
def test_one_point_in_ten_may_be_unreachable_and_a_single_one_always(
    reached: int, missing: int, expected: Outcome
) -> None:
    points = [Point(position="before", door="wire", operation=f"Op{each}") for each in range(reached + missing)]
    cuts = tuple(Cut(point, fault="kill-worker") for point in points)
    strikes = tuple(cut.strike for cut in cuts)
    found = swept(verdict("a"), cuts=cuts, struck=strikes[:reached], unreachable=strikes[reached:])
    assert (found.outcome, found.too_many_unreachable) == (expected, expected is UNKNOWN)


def test_points_whose_commands_came_in_other_workflow_tasks_leave_a_clean_sweep_clean() -> None:
    missed = tuple(Strike("kill-worker", f"before/RespondWorkflowTaskCompleted/Chat/{each}") for each in "abc")
    assert swept(verdict("a"), struck=(ONE,), unreachable=missed).too_many_unreachable
    assert swept(verdict("a"), struck=(ONE,), unreachable=missed, regrouped=missed[:1]).too_many_unreachable
    assert not swept(verdict("a"), struck=(ONE,), unreachable=missed, regrouped=missed).too_many_unreachable


def test_a_point_that_many_faults_do_not_reach_is_one_point() -> None:
    same = tuple(Cut(CUTS[0].point, fault=name).strike for name in ("kill-worker", "pause-worker", "reply-lost"))
    assert not swept(verdict("a"), struck=(TWO,), unreachable=same).too_many_unreachable


def test_vacuous_trials_are_counted() -> None:
    missed = Verdict(trial="m", scenario="s", plan=parse("kill-worker@before/One"), struck=False)
    assert swept(verdict("a"), missed).vacuous == 1
    assert count([verdict("a"), missed], UNKNOWN) == 1


def test_a_finding_seen_in_several_trials_is_shown_once_with_the_smallest_plan() -> None:
    two, one = "kill-worker@before/One,kill-worker@before/Two", "kill-worker@before/One"
    found = swept(verdict("two", FAIL, plan=two), verdict("one", FAIL, plan=one), verdict("ok")).findings
    assert [(each.verdict.trial, each.trials) for each in found] == [("one", ("one", "two"))]
    assert found[0].finding.message == "seen in one"


def test_findings_of_different_subjects_are_apart() -> None:
    found = swept(verdict("one", FAIL, subject="charge"), verdict("two", FAIL, subject="mail")).findings
    assert [each.finding.subject for each in found] == ["charge", "mail"]


def test_the_worst_finding_comes_first_and_its_worst_showing_stands_for_it() -> None:
    def trial(name: str, plan: str, *findings: Finding) -> Verdict:
        judged = Judgement(check="c", outcome=FAIL, findings=findings)
        return Verdict(trial=name, scenario="s", plan=parse(plan), struck=True, judgements=(judged,))

    late = Finding(check="c", subject="late", message="late", severity=Severity.RISKY)
    costs, lost = (
        Finding(check="c", subject="pay", message=str(severity), severity=severity)
        for severity in (Severity.WASTEFUL, Severity.BROKEN)
    )
    found = swept(trial("a", "baseline", late, costs), trial("b", "kill-worker@before/One", lost)).findings
    assert [(each.finding.message, each.verdict.trial) for each in found] == [("broken", "b"), ("late", "a")]


def test_a_trial_that_shows_a_finding_twice_is_one_trial() -> None:
    one = verdict("one", FAIL)
    doubled = replace(one, judgements=one.judgements * 2)
    assert [each.trials for each in swept(doubled).findings] == [("one",)]


def test_which_results_come_in_a_workflow_task_of_their_own_does_not_count() -> None:
    alone = [
        Strike("kill-worker", f"before/RespondWorkflowTaskCompleted/Agent/no-commands/attempt-1{nth}")
        for nth in ("", "/nth-2")
    ]
    assert not swept(verdict("a"), struck=(ONE,), unreachable=tuple(alone)).too_many_unreachable


def test_what_an_attempt_comes_to_by_chance_does_not_count() -> None:
    heard = [
        Strike("kill-worker", f"{side}/RespondActivityTaskCanceled/Agent/look.1/attempt-1")
        for side in ("before", "after")
    ]
    done = [
        Strike("kill-worker", f"{side}/RespondActivityTaskCompleted/Agent/look.1/attempt-1")
        for side in ("before", "after")
    ]
    assert not swept(verdict("a"), struck=(ONE,), unreachable=tuple(heard)).too_many_unreachable
    failed = [replace(each, point=each.point.replace("Canceled", "Failed")) for each in heard]
    assert not swept(verdict("a"), struck=(ONE,), unreachable=tuple(failed)).too_many_unreachable
    assert swept(verdict("a"), struck=(ONE,), unreachable=tuple(done)).too_many_unreachable
