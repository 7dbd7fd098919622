"""Where the server lost a workflow task the worker cannot go on: nothing is held against it."""

from __future__ import annotations

from typing import Any

import pytest

from harness import checks
from harness.checks.judging import judge
from harness.checks.lost_tasks import lost_task
from harness.checks.undisturbed import why_not_compared
from harness.records.evidence import End, Evidence
from harness.records.message_facts import WorkflowTask, WorkflowTaskCompleted
from harness.records.verdict import Outcome

from .build import Story, killed


def refused(status: str = "FAILED_PRECONDITION", *, story: Story | None = None) -> Story:
    """Tell of a workflow task whose commands the server refuses."""
    story = story or Story()
    number = story.event("WORKFLOW_TASK_SCHEDULED")
    started = story.event("WORKFLOW_TASK_STARTED", scheduledEventId=str(number))
    return decided(story, started, status)


def decided(story: Story, started: int, status: str) -> Story:
    """Tell of a workflow task that is handed out and answered."""
    told = WorkflowTask(attempt=1, started_event_id=started, previous_started_event_id=3, query=False)
    story.message("wire", "PollWorkflowTaskQueue", told=told)
    asked = WorkflowTaskCompleted(commands=["RequestCancelActivityTask"])
    story.message("wire", "RespondWorkflowTaskCompleted", asked=asked, status=status)
    return story


def on(engine: str, story: Story, end: End = "deadline") -> Evidence:
    return story.evidence(end, engine=engine, end_reason="not over 30 s")


def outcome(evidence: Evidence) -> Outcome:
    undisturbed = Story().close().evidence()
    return judge(evidence, baselines=[undisturbed], checks=checks.standard).outcome


def test_a_run_whose_workflow_task_the_server_lost_is_unknown_with_the_reason() -> None:
    evidence = on("time-skipping", refused(story=killed().strike()))
    verdict = judge(evidence, baselines=[Story().close().evidence()], checks=checks.standard)
    assert (verdict.outcome, verdict.findings) == (Outcome.UNKNOWN, ())
    assert verdict.reason == lost_task(evidence)
    assert verdict.reason.startswith(
        "this server refused what Agent decided with FAILED_PRECONDITION, recorded neither"
    )
    assert verdict.reason.endswith("no worker can go on; the engine `dev` does not")
    assert lost_task(on("dev", refused())).endswith("no worker can go on")


def test_an_undisturbed_run_that_stands_still_so_is_no_measure_and_not_called_wrong() -> None:
    evidence = on("time-skipping", refused())
    assert why_not_compared([evidence]) == lost_task(evidence) != ""


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(refused("OK"), id="taken"),
        pytest.param(refused("NOT_FOUND"), id="too late"),
        pytest.param(decided(refused(), 6, "OK"), id="handed out again and taken"),
    ],
)
def test_a_run_that_does_not_end_is_the_workers_where_the_server_lost_nothing(story: Any) -> None:
    assert lost_task(on("time-skipping", story)) == ""
    assert outcome(on("time-skipping", story)) is Outcome.FAIL


def test_a_refusal_that_is_recorded_is_the_workers() -> None:
    story = refused("INVALID_ARGUMENT", story=killed().strike())
    story.event("WORKFLOW_TASK_FAILED", startedEventId="6", cause="WORKFLOW_TASK_FAILED_CAUSE_BAD_BINARY")
    assert lost_task(on("dev", story)) == ""
    assert outcome(on("dev", story)) is Outcome.FAIL


@pytest.mark.parametrize(
    ("timeout", "task", "lost"),
    [
        ("315360000s", "STARTED", True),
        ("315360000s", "COMPLETED", False),  # it waits for ever, for somebody who never comes
        ("60s", "STARTED", False),
        ("", "STARTED", False),
    ],
)
def test_a_run_whose_ten_years_the_server_let_pass_under_a_workflow_task_is_unknown(
    timeout: str, task: str, lost: bool
) -> None:
    story = killed().strike()
    story.events[0]["workflowExecutionStartedEventAttributes"]["workflowExecutionTimeout"] = timeout
    number = story.event("WORKFLOW_TASK_SCHEDULED")
    story.event(f"WORKFLOW_TASK_{task}", scheduledEventId=str(number))
    evidence = on("time-skipping", story.close("TIMED_OUT"), "closed")
    assert ("let all the time pass that it gives Agent" in lost_task(evidence)) == lost
    assert outcome(evidence) is (Outcome.UNKNOWN if lost else Outcome.FAIL)


def test_a_run_that_ended_is_judged() -> None:
    assert lost_task(on("time-skipping", refused().close(), "closed")) == ""
