"""Work that is still under way at its deadline has shown nothing: UNKNOWN, and what gives it longer is told."""

from __future__ import annotations

from typing import Any

import pytest

from .build import Story, judged, killed, only_finding

ENDS = "workflow-ends-as-baseline"


def busy(story: Story, times: int, *, pause: float = 1.0) -> Story:
    for _ in range(times):
        story.complete(story.activity("book"))
        story.wait(pause)
    return story


def late(story: Story) -> Story:
    return story.act("deadline")


def test_an_undisturbed_run_that_is_still_at_work_may_have_much_to_do() -> None:
    found = judged(ENDS, late(busy(Story(), 100)).evidence("deadline", end_reason="not over"))
    assert (found.outcome, found.findings) == ("UNKNOWN", ())
    assert found.reason == (
        "Agent is still at work after 102 s: book was completed 100 times until then, in a loop or since there is so "
        "much to do; give it longer: --trial-limit SECONDS, in a scenario time_limit=…"
    )


def test_an_activity_that_may_still_take_its_time_is_at_work() -> None:
    story = busy(Story(), 1)
    story.activity("book", startToCloseTimeout="300s")
    found = judged(ENDS, late(story.wait(110)).evidence("deadline"))
    assert found.outcome == "UNKNOWN"
    assert "still at work after 111 s: book 2 runs for 110 s; give it longer" in found.reason


@pytest.mark.parametrize("attempts", [1, 2])
def test_an_undisturbed_run_that_stands_still_is_stuck(attempts: int) -> None:
    """Nothing was done for long; also where an activity is tried again, or has used up its time."""
    story = busy(Story(), 3)
    task = story.activity("book", startToCloseTimeout="60s" if attempts == 1 else "300s")
    if attempts == 2:
        story.fail(task)
        story.again(task)
    finding = only_finding(ENDS, late(story.wait(110)).evidence("deadline"))
    assert finding.message == "Agent did not end in time"
    assert finding.why.startswith("It goes wrong without any strike")
    assert "strike changed" not in finding.fix


@pytest.mark.parametrize(
    ("policy", "polls"),
    [
        ({"initialInterval": "60s", "backoffCoefficient": 1.0}, True),
        ({"initialInterval": "60s", "backoffCoefficient": 2.0}, False),
        ({"initialInterval": "1s", "backoffCoefficient": 1.0}, False),
        ({"initialInterval": "20s", "backoffCoefficient": 1.0}, False),
    ],
    ids=["it polls", "it backs off", "it is tried again and again", "its next attempt is overdue"],
)
def test_an_activity_that_polls_by_its_retries_is_at_work(policy: dict[str, Any], polls: bool) -> None:
    story = busy(Story(), 1)
    task = story.activity("ask", retryPolicy=policy)
    story.fail(task, "NotYet")
    story.fail(story.again(task), "NotYet")
    evidence = late(story.wait(50)).evidence("deadline")
    if not polls:
        assert only_finding(ENDS, evidence).message == "Agent did not end in time"
        return
    found = judged(ENDS, evidence)
    assert found.outcome == "UNKNOWN"
    assert "still at work after 51 s: ask 1 is tried every 60 s, 2 times so far; give it longer" in found.reason


@pytest.mark.parametrize("fired", [False, True])
def test_an_undisturbed_run_that_waits_for_a_timer_is_at_work(fired: bool) -> None:
    story = busy(Story(), 1)
    timer = story.event("TIMER_STARTED", timerId="1", startToFireTimeout="86400s")
    if fired:
        story.event("TIMER_FIRED", timerId="1", startedEventId=str(timer))
    evidence = late(story.wait(100)).evidence("deadline")
    if fired:
        assert only_finding(ENDS, evidence).message == "Agent did not end in time"
        return
    found = judged(ENDS, evidence)
    assert found.outcome == "UNKNOWN"
    assert "still at work after 101 s: it waits for a timer, 86300 s more; let time pass" in found.reason


def test_after_a_strike_three_times_the_undisturbed_time_is_enough() -> None:
    usual = busy(Story(), 20).close().evidence()
    short = judged(ENDS, late(busy(killed(), 19, pause=1.8)).evidence("deadline"), usual)
    assert short.outcome == "UNKNOWN"
    assert "still at work after 35 s" in short.reason
    enough = late(busy(killed(), 19, pause=4)).evidence("deadline")
    assert only_finding(ENDS, enough, usual).message == "Agent did not end in time"
    all_done = late(busy(killed(), 20, pause=1.8)).evidence("deadline")
    assert only_finding(ENDS, all_done, usual).message == "Agent did not end in time"
