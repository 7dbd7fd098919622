"""A plan is written as one word and read back; a trial's id follows from it alone."""

from __future__ import annotations

import pytest

from harness import faults
from harness.errors import UsageError
from harness.records.plan import Plan, Strike, parse
from harness.records.point import Point

POINT = Point(position="after", door="effect", operation="pay, then mail", workflow="A", subject="x;y", attempt=2).id

PLANS = [
    Plan(),
    Plan(real_time=True),
    Plan((Strike("kill-worker", "before/Op/A"),)),
    Plan((Strike("kill-worker", POINT), Strike("kill-worker", "after/Op/A/nth-2")), real_time=True),
]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_plan_survives_being_written(plan: Plan) -> None:
    assert parse(str(plan)) == plan


def test_an_empty_text_is_the_empty_plan() -> None:
    assert parse("") == Plan()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kill-worker", "a strike is written FAULT@POINT, not 'kill-worker'"),
        ("kill-worker@", "a strike is written FAULT@POINT"),
        ("kill-wroker@before/Op", "no fault is called 'kill-wroker' (did you mean 'kill-worker'?)"),
        ("baseline;soon", "a plan ends with ';real-time' or nothing, not 'soon'"),
    ],
)
def test_a_text_that_is_no_plan_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert message in str(raised.value)


def test_a_trial_has_the_same_id_in_every_run() -> None:
    assert Plan().trial_id("research") == "3167ac"
    ids = {plan.trial_id(scenario) for plan in PLANS for scenario in ("research", "other")}
    assert len(ids) == 2 * len(PLANS)


def test_every_fault_is_found_by_its_name() -> None:
    for fault in faults.listed():
        assert faults.named(fault.name) == fault


@pytest.mark.parametrize("fault", faults.listed(), ids=lambda fault: fault.name)
def test_a_strike_with_any_fault_survives_being_written(fault: faults.Fault) -> None:
    for real_time in (False, True):
        plan = Plan((Strike(fault.name, POINT), Strike("kill-worker", "before/Op/A/attempt-2")), real_time)
        assert str(plan).startswith(f"{fault.name}@{POINT},kill-worker@")
        assert parse(str(plan)) == plan
        assert parse(str(plan)).faults == (fault, faults.named("kill-worker"))


def test_a_strike_is_written_as_its_fault_at_its_point() -> None:
    text = "model-429@before/model.chat.completions/W/step.1/attempt-1"
    assert parse(text) == Plan((Strike("model-429", "before/model.chat.completions/W/step.1/attempt-1"),))
    assert str(parse(text).strikes[0]) == text


def test_plans_that_differ_in_the_fault_alone_are_different_trials() -> None:
    ids = {Plan((Strike(fault.name, POINT),)).trial_id("research") for fault in faults.listed()}
    assert len(ids) == len(faults.listed())
