"""What came too late is excused by as much lag as it was late, in that very time; all else fails as ever."""

from __future__ import annotations

import pytest

from harness import checks
from harness.checks.judging import judge
from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTask
from harness.records.verdict import Outcome

from .build import Story, judged, killed

WATCHED = {"heartbeatTimeout": "2s"}


def beats_after(seconds: float, *, lag: float = 0.0, before: float = 0.0) -> Evidence:
    """An attempt that beats, is silent for so long while its worker waits for a processor, and beats again."""
    story = Story()
    task = story.wait(before).activity("book", **WATCHED)
    story.beat(task)
    since = story.now
    story.wait(seconds)
    if lag:
        story.act("lag", since=since, rig=lag)
    story.beat(task)
    return story.complete(task).close().evidence()


def timed_out_task(*, lag: float) -> Evidence:
    story = Story()
    scheduled = story.event("WORKFLOW_TASK_SCHEDULED", startToCloseTimeout="10s")
    started = story.event("WORKFLOW_TASK_STARTED", scheduledEventId=str(scheduled))
    since = story.now
    task = WorkflowTask(attempt=1, started_event_id=started)
    story.message("wire", "PollWorkflowTaskQueue", workflow_task=True, told=task)
    story.wait(10)
    story.act("lag", since=since, rig=lag)
    story.event(
        "WORKFLOW_TASK_TIMED_OUT",
        scheduledEventId=str(scheduled),
        startedEventId=str(started),
        timeoutType="TIMEOUT_TYPE_START_TO_CLOSE",
    )
    return story.close().evidence()


def test_a_missed_beat_that_lag_explains_is_unknown_with_the_reason() -> None:
    excused = judged("heartbeat-in-time", beats_after(4.0, lag=3.0))
    assert (excused.outcome, excused.findings, excused.excused) == (Outcome.UNKNOWN, (), True)
    assert excused.reason.startswith("book 1 sent nothing for 4.0 s; its heartbeat timeout is 2 s; but for 3.0 s")


@pytest.mark.parametrize(("seconds", "lag"), [(4.0, 0.0), (4.0, 0.5), (9.0, 3.0)])
def test_a_missed_beat_that_lag_does_not_explain_fails(seconds: float, lag: float) -> None:
    failed = judged("heartbeat-in-time", beats_after(seconds, lag=lag))
    assert (failed.outcome, failed.excused) == (Outcome.FAIL, False)


def test_lag_at_another_time_explains_nothing() -> None:
    story = Story()
    since = story.now
    story.wait(9.0).act("lag", since=since, rig=9.0)
    task = story.activity("book", **WATCHED)
    story.beat(task).wait(4.0).beat(task)
    assert judged("heartbeat-in-time", story.complete(task).close().evidence()).outcome is Outcome.FAIL


def test_a_workflow_task_that_timed_out_is_excused_by_lag_for_the_better_part_of_its_time() -> None:
    assert judged("no-workflow-task-failure", timed_out_task(lag=6.0)).excused
    assert judged("no-workflow-task-failure", timed_out_task(lag=1.0)).outcome is Outcome.FAIL


def test_a_recovery_that_lag_made_late_is_excused_and_one_that_never_came_is_not() -> None:
    def late(lag: float) -> Evidence:
        story = killed()
        book = story.activity("book", heartbeatTimeout="5s")
        story.strike()
        since = story.now
        story.wait(90).act("lag", since=since, server=lag)
        return story.complete(story.again(book)).close().evidence()

    assert judged("recovers-in-time", late(80.0)).excused
    assert judged("recovers-in-time", late(5.0)).outcome is Outcome.FAIL
    stuck = killed()
    stuck.activity("book", heartbeatTimeout="5s")
    stuck.strike()
    since = stuck.now
    stuck.wait(90).act("lag", since=since, rig=90.0)
    assert judged("recovers-in-time", stuck.evidence("deadline")).outcome is Outcome.FAIL


def test_a_verdict_says_how_slowness_may_have_made_it_and_a_pass_does_not() -> None:
    def slow(evidence: Evidence) -> str:
        return judge(evidence, baselines=[evidence], checks=[checks.named("heartbeat-in-time")]).slow

    assert "which explains it" in slow(beats_after(4.0, lag=3.0))
    assert slow(beats_after(9.0, lag=5.0)).startswith("a busy machine kept the rig waiting for 5.0 s of 9.")
    assert slow(beats_after(9.0, lag=0.5)) == ""
    assert slow(beats_after(1.0, lag=1.0)) == ""


def test_a_strike_that_was_never_made_while_the_machine_was_busy_is_worth_another_try() -> None:
    story = killed()
    since = story.now
    story.wait(20).act("lag", since=since, rig=0.5)
    missed = story.complete(story.activity("book")).close().evidence()
    assert judge(missed, baselines=[], checks=()).slow.startswith("a busy machine kept the rig waiting for 0.5 s")
