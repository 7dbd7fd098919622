"""What a finding shows of a message, an act and an event."""

from __future__ import annotations

from harness.checks import showing
from harness.records.verdict import clock

from .build import NOON, Story


def test_a_message_is_shown_with_its_process_attempt_and_the_strike_before_it() -> None:
    story = Story()
    book = story.activity("book")
    story.strike()
    again = story.again(book)
    evidence = story.complete(again).evidence()
    first, last = showing.entries(evidence, [evidence.tape[3], evidence.tape[-1]], saying="{operation} {status}")
    assert str(first).endswith("worker 22863  attempt 1  PollActivityTaskQueue OK")
    assert "worker 22864  attempt 2  RespondActivityTaskCompleted OK  (after the strike at 12:00:00." in str(last)


def test_an_act_is_shown_with_its_fault() -> None:
    evidence = Story().strike().evidence()
    (shown,) = showing.entries(evidence, evidence.strikes)
    assert str(shown).endswith("worker 22863  strike kill-worker")


def test_a_process_of_unknown_pid_is_shown_by_its_number() -> None:
    story = Story()
    story.tape.clear()
    story.effect("note", {})
    shown = showing.entries(story.evidence(), story.tape)
    assert "worker number 1" in str(shown[0])


def test_an_event_is_shown_with_its_id_and_type() -> None:
    event = Story().events[0]
    assert str(showing.event(event, more="why")) == "12:00:00.001  event 1 WORKFLOW_EXECUTION_STARTED  why"


def test_times_values_and_numbers_in_words() -> None:
    assert clock(NOON + 1.2345) == "12:00:01.234"
    assert [showing.times(count) for count in (0, 1, 2)] == ["0 times", "once", "2 times"]
    assert showing.short("x" * 300) == "'" + "x" * 196 + "..."
