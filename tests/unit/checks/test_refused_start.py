"""A second start that the work refuses by itself does no harm; one that it tries, and fails at, does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.records.evidence import Evidence

from .build import Story, only_finding, passes

ENDS = "workflow-ends-as-baseline"
AGAIN = "started-after-end"
KNOWN = {"type": "AlreadyDone", "nonRetryable": True}


def done() -> Story:
    story = Story()
    story.complete(story.activity("charge"))
    return story.close(result="charged")


USUAL = done().evidence()


def started_again(
    *, fault: str = AGAIN, told: dict[str, Any] | None = None, state: str = "", charges: bool = False
) -> Evidence:
    """Return a trial in which the work was done, and failed when it was started once more."""
    first = done()
    first.strike(fault=fault, restart=False)
    first.act("start-again", name="", args=[], workflow_id="agent")
    second = Story(run_id="run-2", now=first.now + 1, messages=first.messages)
    if charges:
        second.effect("charge", {"order": 1})
    cause = {"applicationFailureInfo": told or {"type": "AlreadyDone"}}
    activity = {"activityFailureInfo": {"retryState": state or "RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED"}}
    second.close("FAILED", failure={**activity, "cause": cause})
    tape = (*first.tape, *second.tape)
    return replace(first.evidence(), histories=(first.history, second.history), tape=tape)


@pytest.mark.parametrize(("told", "state"), [(KNOWN, ""), (None, "RETRY_STATE_NON_RETRYABLE_FAILURE")])
def test_work_that_knows_that_it_is_done_may_refuse_to_be_done_again(told: dict[str, Any] | None, state: str) -> None:
    passes(ENDS, started_again(told=told, state=state), USUAL)


def test_work_that_fails_for_as_long_as_it_may_does_not_know_it() -> None:
    assert only_finding(ENDS, started_again(), USUAL).message == "Agent failed, expected it to complete"


def test_work_that_refuses_when_it_has_paid_has_not_refused() -> None:
    assert "expected it to complete" in only_finding(ENDS, started_again(told=KNOWN, charges=True), USUAL).message


def test_nobody_refuses_what_nobody_has_started_again() -> None:
    assert (
        "expected it to complete" in only_finding(ENDS, started_again(told=KNOWN, fault="kill-worker"), USUAL).message
    )


def test_the_first_run_of_work_that_refuses_the_second_is_judged_all_the_same() -> None:
    other = Story().close(result="refunded").evidence()
    assert only_finding(ENDS, started_again(told=KNOWN), other).message.startswith("Agent ended with")
