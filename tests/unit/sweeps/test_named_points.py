"""A point at which something is to be sent and to which no message of the undisturbed run comes is told at once."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.records.scenario import Scenario, Send, let_pass, signal, start
from harness.sweeps.named_points import look_at_points
from tests.unit.checks.build import Story


def look(send: Send, *, end: str = "COMPLETED") -> None:
    story = Story()
    story.complete(story.activity("draft"))
    look_at_points(Scenario(worker="w", work=start("Agent"), sends=[send]), story.close(end).evidence())


def test_a_point_that_never_comes_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError) as told:
        look(signal("approve", at="after/RespondActivityTaskCompleted/Agent/drafts.1"))
    assert "signal approve is to be sent at 'after/RespondActivityTaskCompleted/Agent/drafts.1'" in str(told.value)
    assert "did you mean 'after/RespondActivityTaskCompleted/Agent/draft.1'" in str(told.value)


@pytest.mark.parametrize("at", ["start", "after/*/draft.1", "before/RespondActivityTaskCompleted/Agent/draft.1"])
def test_a_point_that_comes_is_none(at: str) -> None:
    look(let_pass(days=1, at=at))


def test_what_failed_before_is_told_as_that() -> None:
    look(signal("approve", at="after/Nonsense"), end="FAILED")
