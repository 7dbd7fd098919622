"""A trial may take as long as the timeouts that the history declares, and no longer than the scenario says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.faults.action import PATIENCE_SECONDS, TERM_SECONDS
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityTask, TaskRetryPolicy
from harness.records.plan import Plan, Strike
from harness.records.tape import Entry
from harness.trial.deadline import LONGEST_OUTAGE, SLACK, activity_bounds, bounds

STRIKE = Strike("kill-worker", "before/Op")
KILL = Plan((STRIKE,))
REAL = Plan((STRIKE,), real_time=True)


def act(at: float, operation: str) -> Entry:
    return Entry(at=at, kind="act", operation=operation)


def handed(
    at: float, *, kind: str = "book", heartbeat: float = 0.0, close: float = 300.0, total: float = 0.0, **policy: float
) -> Entry:
    declared: dict[str, Any] = {"initial": 1.0, "coefficient": 2.0, "maximum": 60.0, "attempts": 5, **policy}
    task = ActivityTask(
        attempt=1,
        activity_type=kind,
        heartbeat_timeout=heartbeat,
        start_to_close_timeout=close,
        schedule_to_close_timeout=total,
        retry_policy=TaskRetryPolicy(**declared),
    )
    return Entry(at=at, kind="reply", door="wire", operation="PollActivityTaskQueue", facts=task)


def workflow_task(at: float, seconds: float) -> list[Entry]:
    told: dict[str, Any] = {"door": "wire", "run_id": "r", "worker": 1}
    return [
        Entry(at=at, kind="reply", operation="PollWorkflowTaskQueue", **told),
        Entry(at=at + seconds, kind="request", operation="RespondWorkflowTaskCompleted", **told),
    ]


def baseline(*entries: Entry, ready: float = 2.0, end: float = 5.0) -> Evidence:
    begun = [act(0, "start-worker"), act(ready, "worker-ready"), act(ready, "start")]
    tape = (*begun, *entries, act(end, "worker-exit"))
    return Evidence(trial="t", scenario="s", plan=Plan(), end="closed", tape=tape)


def limit(found: Evidence, plan: Plan) -> float:
    return bounds(found, plan, time_limit=0).limit


def test_an_activity_is_lost_after_the_first_of_its_declared_timeouts() -> None:
    found = baseline(
        handed(2, kind="beats", heartbeat=30),
        handed(2, kind="quiet", close=45),
        handed(2, kind="neither", close=0),
    )
    assert activity_bounds(found) == {"beats": 30, "quiet": 45, "neither": 0}


def test_a_real_time_trial_waits_for_the_longest_timeout() -> None:
    found = baseline(handed(2, close=300), handed(2, kind="other", heartbeat=30))
    assert limit(found, REAL) > 300 + SLACK
    assert limit(found, KILL) < 60


def test_an_accelerated_trial_does_not_depend_on_the_declared_timeouts() -> None:
    assert limit(baseline(handed(2, close=10)), KILL) == limit(baseline(handed(2, close=3000)), KILL)


def test_backoff_work_and_slow_starts_are_allowed_for() -> None:
    found = baseline(handed(2))
    assert limit(baseline(handed(2, initial=20.0)), KILL) - limit(found, KILL) == pytest.approx(40 - 2)
    assert limit(baseline(handed(2, initial=100.0)), KILL) - limit(found, KILL) == pytest.approx(60 - 2)
    assert limit(baseline(handed(2), end=15), KILL) - limit(found, KILL) == pytest.approx(3 * 10)
    assert limit(baseline(handed(2), ready=4, end=7), KILL) - limit(found, KILL) == pytest.approx(4 * 2)


def test_each_strike_has_its_own_time() -> None:
    found = baseline(handed(2))
    twice = limit(found, replace(KILL, strikes=(STRIKE, STRIKE))) - limit(found, KILL)
    assert twice == pytest.approx(limit(found, KILL) - 3 * 3 - SLACK)


def test_nothing_passes_the_time_limit_of_the_scenario() -> None:
    found = baseline(handed(2, close=3000))
    assert bounds(found, REAL, time_limit=7.5).limit == 7.5
    assert bounds(found, KILL, time_limit=1e6).limit < 1e6


@pytest.mark.parametrize(("seconds", "expected"), [(0.05, 2.0), (0.8, 4.0), (9.0, 10.0)])
def test_the_workflow_task_timeout_leaves_room_for_the_slowest_task(seconds: float, expected: float) -> None:
    found = baseline(*workflow_task(2, 0.01), *workflow_task(3, seconds))
    assert bounds(found, KILL, time_limit=0).task_timeout == pytest.approx(expected)
    assert bounds(found, REAL, time_limit=0).task_timeout == 0


def test_an_empty_tape_still_gives_a_bound() -> None:
    found = Evidence(trial="t", scenario="s", plan=Plan(), end="stopped")
    assert 0 < limit(found, KILL) < 120


def more(fault: str, *, plans: int = 1, **declared: Any) -> float:
    """Return the seconds that a fault is given beyond what the kill of a worker is."""
    found = baseline(handed(2, **declared))
    strikes = tuple(Strike(fault, "before/Op") for _ in range(plans))
    kills = tuple(Strike("kill-worker", "before/Op") for _ in range(plans))
    return limit(found, Plan(strikes)) - limit(found, Plan(kills))


def test_a_worker_asked_to_end_has_its_time_to_do_so() -> None:
    assert more("terminate-worker") == pytest.approx(TERM_SECONDS)
    assert more("terminate-worker", plans=2) == pytest.approx(2 * TERM_SECONDS)


def test_a_silent_model_has_the_patience_of_the_agent() -> None:
    assert more("model-silent") == pytest.approx(PATIENCE_SECONDS)


@pytest.mark.parametrize("fault", ["pause-worker", "kill-server", "reply-lost", "model-reset", "effect-reply-lost"])
def test_what_takes_no_longer_than_the_loss_of_a_worker_has_no_more_time(fault: str) -> None:
    assert more(fault) == 0


@pytest.mark.parametrize(
    ("fault", "declared", "expected"),
    [
        # One error, one wait before the next attempt; then what the answer asks for.
        ("model-429", {"attempts": 5}, 1),
        ("model-429-seconds", {"attempts": 5}, 1 + 3),
        ("model-429-milliseconds", {"attempts": 5}, 1 + 2.5),
        ("model-500-until-healed", {"attempts": 5}, 1 + 2),
        # Never healed: every attempt that is declared, and where none is, some.
        ("model-outage", {"attempts": 5}, 1 + 2 + 4 + 8),
        ("model-outage", {"attempts": 0}, 1 + 2 + 4 + 8 + 16 + 32),
        ("model-outage", {"attempts": 1}, 0),
        ("model-outage", {"attempts": 12, "maximum": 4.0}, 1 + 2 + 9 * 4),
        ("model-outage", {"attempts": 12}, LONGEST_OUTAGE),
        # No wait is longer than the maximum; none declared means 100 times the first.
        ("model-outage", {"attempts": 5, "maximum": 3.0}, 1 + 2 + 3 + 3),
        ("model-outage", {"attempts": 4, "initial": 2.0, "coefficient": 30.0, "maximum": 0.0}, 2 + 60 + 200),
        # Nor are all of them together longer than what the activity has in all.
        ("model-outage", {"attempts": 5, "total": 6.0}, 6),
        # Where it alone ends them, it is waited for.
        ("effect-outage", {"attempts": 0, "total": 240.0}, 240),
        ("model-outage", {"attempts": 0, "total": 3600.0}, LONGEST_OUTAGE),
        # Fewer attempts than the fault lasts.
        ("model-500-until-healed", {"attempts": 2}, 1),
    ],
)
def test_the_retry_ladder_is_allowed_for(fault: str, declared: dict[str, Any], expected: float) -> None:
    assert more(fault, **declared) == pytest.approx(expected)


def test_the_longest_ladder_of_all_activities_counts() -> None:
    plan = Plan((Strike("model-outage", "before/Op"),))
    found = baseline(handed(2, attempts=2), handed(2, kind="other", attempts=4))
    assert limit(found, plan) - limit(found, KILL) == pytest.approx(1 + 2 + 4)
