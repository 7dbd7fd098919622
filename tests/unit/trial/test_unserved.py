"""Undisturbed work is over once an activity that is tried without end is never served, and not before."""

from __future__ import annotations

from harness.records.act_facts import DoorNotice
from harness.records.message_facts import ActivityFailed, ActivityTask, ReportedFailure, TaskRetryPolicy
from harness.records.tape import Entry
from harness.trial.unserved import UnservedActivities

SAID = "script.py:1: answer() returned what is no answer"


def notice(text: str = SAID, *, unserved: bool = True) -> Entry:
    facts = DoorNotice(text=text, unserved=unserved)
    return Entry(at=1, kind="act", door="", operation="notice", facts=facts)


def handed_out(attempt: int, *, activity: str = "1", attempts: int = 0, whole: float = 0.0) -> Entry:
    facts = ActivityTask(
        attempt=attempt,
        activity_type="ask",
        retry_policy=TaskRetryPolicy(attempts=attempts),
        schedule_to_close_timeout=whole,
    )
    operation = "PollActivityTaskQueue"
    return Entry(at=1, kind="reply", door="wire", operation=operation, run_id="r", activity_id=activity, facts=facts)


def failed(message: str = f"Error code: 500 - {SAID}", *, activity: str = "1") -> Entry:
    facts = ActivityFailed(failure=ReportedFailure(message=message, type="InternalServerError"))
    operation = "RespondActivityTaskFailed"
    return Entry(at=1, kind="request", door="wire", operation=operation, run_id="r", activity_id=activity, facts=facts)


def why(*entries: Entry) -> str:
    unserved = UnservedActivities()
    *before, last = [unserved.why_over(entry) for entry in entries]
    assert not any(before)
    return last


def test_the_attempt_after_two_that_were_not_served_is_the_end() -> None:
    twice = [notice(), handed_out(1), failed(), handed_out(2), failed()]
    assert why(*twice) == ""
    assert why(*twice, handed_out(3)) == "ask is tried again for ever, and is never served"


def test_retries_that_end_by_themselves_are_waited_for() -> None:
    twice = [notice(), handed_out(1), failed(), handed_out(2), failed()]
    assert why(*twice, handed_out(3, attempts=9)) == ""
    assert why(*twice, handed_out(3, whole=600.0)) == ""


def test_other_failures_and_those_of_other_activities_do_not_count() -> None:
    assert why(failed(), failed(), handed_out(3)) == ""
    assert why(notice(unserved=False), failed(), failed(), handed_out(3)) == ""
    assert why(notice(), failed(), failed("no route to the shop"), failed(), handed_out(4)) == ""
    assert why(notice(), failed(), failed(activity="2"), handed_out(3)) == ""
