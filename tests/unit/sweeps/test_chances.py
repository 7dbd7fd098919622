"""A trial whose activity failed by chance, where it was to be struck at its end, is run again."""

from __future__ import annotations

import pytest

from harness.records.plan import Plan, Strike
from harness.sweeps.chances import failed_before
from tests.unit.checks.build import Story


def plan(point: str) -> Plan:
    return Plan((Strike("kill-worker", point),))


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_attempt_that_failed_instead_of_being_done_was_not_struck_by_chance(side: str) -> None:
    story = Story(plan=plan(f"{side}/RespondActivityTaskCompleted/Agent/book.1/attempt-1"))
    assert not failed_before(story.evidence())
    story.fail(task := story.activity("book"))
    assert failed_before(story.evidence())
    story.complete(story.again(task)).close()
    assert failed_before(story.evidence())
    assert not failed_before(story.strike().evidence())


@pytest.mark.parametrize(
    "point",
    [
        "before/RespondActivityTaskCompleted/Agent/book.1/attempt-2",
        "before/RespondActivityTaskCompleted/Agent/look.1/attempt-1",
        "before/RespondWorkflowTaskCompleted/Agent/CompleteWorkflowExecution",
    ],
)
def test_a_failure_of_another_attempt_is_no_reason(point: str) -> None:
    story = Story(plan=plan(point))
    assert not failed_before(story.fail(story.activity("book")).evidence())
