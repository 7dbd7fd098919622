"""What trials came to: a point that did not come again counts neither way, and trials are replaced one by one."""

from __future__ import annotations

import pytest

from harness.records.evidence import End, Evidence
from harness.records.plan import Plan, Strike
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from harness.sweeps.trial_results import TrialResults, did_not_come

PAY = Strike("kill-worker", "before/Pay/Trip")
BEAT = Strike("kill-worker", "before/RecordActivityTaskHeartbeat/Trip/book.1/attempt-1")
TASK = Strike("kill-worker", "before/RespondWorkflowTaskCompleted/Trip")


def evidence(*strikes: Strike, end: End = "closed") -> Evidence:
    return Evidence(trial="t", scenario="trip", plan=Plan(strikes), end=end)


def verdict(*strikes: Strike, struck: bool = False, failed: bool = False) -> Verdict:
    findings = (Finding(check="a", message="twice"),) if failed else ()
    judgement = Judgement(check="a", outcome=Outcome.FAIL if failed else Outcome.PASS, findings=findings)
    return Verdict(trial="t", scenario="trip", plan=Plan(strikes), struck=struck, judgements=(judgement,))


@pytest.mark.parametrize(
    ("strikes", "end", "struck", "failed", "expected"),
    [
        ((TASK,), "closed", False, False, True),
        ((PAY, PAY), "over", False, False, True),
        ((BEAT,), "closed", False, False, True),
        ((BEAT,), "deadline", False, False, False),
        ((BEAT,), "closed", False, True, False),
        ((PAY,), "closed", False, False, False),
        ((TASK,), "deadline", False, False, False),
        ((TASK,), "closed", True, False, False),
        ((TASK,), "closed", False, True, False),
        ((), "closed", False, False, False),
    ],
)
def test_only_points_of_recoveries_workflow_tasks_and_heartbeats_may_not_come(
    strikes: tuple[Strike, ...], end: End, *, struck: bool, failed: bool, expected: bool
) -> None:
    judged = verdict(*strikes, struck=struck, failed=failed)
    assert did_not_come(evidence(*strikes, end=end), judged) is expected


def test_a_trial_counts_unless_its_point_did_not_come() -> None:
    results = TrialResults()
    assert results.add(evidence(PAY), verdict(PAY, struck=True))
    assert not results.add(evidence(TASK), verdict(TASK))
    assert (list(results.struck), list(results.unreachable), results.failed) == ([PAY], [TASK], 0)


def test_what_is_judged_again_takes_the_place_of_what_was_judged_before() -> None:
    before = SweepResult(scenario="trip", verdicts=(verdict(TASK, struck=True),), struck=(TASK,), unreachable=(PAY,))
    results = TrialResults.of(before)
    assert not results.add(evidence(TASK), verdict(TASK))
    assert (results.verdicts, list(results.struck), list(results.unreachable)) == ({}, [], [PAY, TASK])
    assert results.add(evidence(TASK), verdict(TASK, failed=True))
    assert (list(results.unreachable), results.failed) == ([PAY], 1)


def test_a_baseline_that_fails_takes_none_of_the_failures_that_are_allowed() -> None:
    results = TrialResults()
    results.add(evidence(), verdict(failed=True))
    assert results.failed == 0
    results.add(evidence(PAY), verdict(PAY, struck=True, failed=True))
    assert results.failed == 1


def test_the_goodbye_of_a_worker_that_comes_after_the_end_is_unreachable_and_leaves_a_clean_sweep_clean() -> None:
    plan = Plan((Strike("kill-worker", "before/ShutdownWorker"),))
    evidence = Evidence(trial="t", scenario="trip", plan=plan, end="closed")
    passed = Judgement(check="once", outcome=Outcome.PASS)
    verdict = Verdict(trial="t", scenario="trip", plan=plan, struck=False, judgements=(passed,))
    results = TrialResults()
    assert not results.add(evidence, verdict)
    assert (list(results.unreachable), results.verdicts) == ([plan.strikes[0]], {})
    goodbyes = tuple(Strike("kill-worker", f"{position}/ShutdownWorker") for position in ("before", "after"))
    assert not SweepResult(scenario="trip", unreachable=goodbyes).too_many_unreachable
