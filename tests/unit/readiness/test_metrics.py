"""Metrics move for each fault that the worker hears of, or begin anew in the next process."""

from __future__ import annotations

import pytest

from harness.checks.judging import judge
from harness.readiness.metrics import CHECKS
from harness.records.act_facts import FaultMade, MetricsScraped
from harness.records.evidence import Evidence
from harness.records.plan import parse
from harness.records.tape import Entry
from harness.records.verdict import Judgement, Outcome
from tests.unit.report.samples import POINT

FAILED = "temporal_activity_execution_failed"


def judged(fault: str, *scrapes: tuple[int, dict[str, float]], ready: tuple[int, ...] = ()) -> Judgement:
    """Return what the check says of scrapes by worker process, the first of them as the strike is made.

    Args:
        fault: The fault that was made.
        scrapes: By number of the worker process what each metric had come to.
        ready: Worker processes that were ready after the strike.
    """
    strike = Entry(at=1, kind="act", operation="strike", worker=1, facts=FaultMade(fault=fault, point=POINT.id))
    acts = [
        Entry(at=at, kind="act", operation="metrics", worker=worker, facts=MetricsScraped(totals=totals))
        for at, (worker, totals) in enumerate(scrapes)
    ]
    later = [Entry(at=1, kind="act", operation="worker-ready", worker=worker) for worker in ready]
    plan = parse(f"{fault}@{POINT.id}")
    evidence = Evidence(trial="t", scenario="ask", plan=plan, end="closed", tape=(*acts[:1], strike, *later, *acts[1:]))
    return judge(evidence, baselines=(), checks=CHECKS).judgements[0]


def test_what_moved_is_named() -> None:
    said = judged("model-503", (1, {FAILED: 0, "calls_total": 1}), (1, {FAILED: 1, "calls_total": 2}))
    assert (said.outcome, said.reason) == (Outcome.PASS, f"moved: {FAILED}")


def test_a_metric_that_is_first_seen_after_the_fault_moved() -> None:
    assert judged("model-503", (1, {}), (1, {FAILED: 1})).outcome is Outcome.PASS


def test_a_killed_process_begins_anew() -> None:
    assert judged("kill-worker", (1, {FAILED: 4}), (2, {FAILED: 0}), ready=(2,)).outcome is Outcome.PASS


def test_a_process_killed_at_the_end_of_all_is_followed_by_none() -> None:
    for scrapes in (((1, {FAILED: 4}),), ((1, {FAILED: 4}), (1, {FAILED: 4}))):
        said = judged("kill-worker", *scrapes)
        assert (said.outcome, said.findings) == (None, ())
    (finding,) = judged("kill-worker", (1, {FAILED: 4}), ready=(2,)).findings
    assert "served once, and then no more" in finding.message


@pytest.mark.parametrize(
    "scrapes",
    [
        ((1, {FAILED: 1}), (1, {FAILED: 1})),
        ((1, {"calls_total": 1}), (1, {"calls_total": 9})),
        ((1, {FAILED: 1}),),
        (),
    ],
    ids=["stands still", "only what counts calls moved", "gone after the strike", "none"],
)
def test_metrics_that_do_not_move_are_found(scrapes: tuple[tuple[int, dict[str, float]], ...]) -> None:
    said = judged("model-503", *scrapes)
    assert [finding.check for finding in said.findings] == ["faults-move-metrics"]


@pytest.mark.parametrize("fault", ["started-again", "model-slow"])
def test_what_the_worker_never_hears_of_need_not_move_anything(fault: str) -> None:
    assert judged(fault).outcome is None
