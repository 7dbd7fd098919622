from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.records.evidence import Crash, Evidence, History
from harness.records.message_facts import WorkflowTask

from .build import Story, Task, judged, nothing, only_finding, passes

CHECK = "state-survives-server-restart"


def crashed(*, change: Callable[[list[dict[str, Any]]], object] = lambda told: None, **more: Any) -> Evidence:
    """Return a trial whose server was killed after one workflow task and one activity had completed."""
    story = Story()
    told = WorkflowTask(started_event_id=3, attempt=1)
    story.message("wire", "PollWorkflowTaskQueue", workflow_task=True, told=told)
    story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True)
    book = story.activity("book")
    story.complete(book).strike(fault="kill-server")
    kept = [dict(event) for event in story.events]
    change(kept)
    history = replace(story.history, events=tuple(kept))
    crash = Crash(at=story.now, **{"integrity": "ok", "histories": (history,), **more})
    story.act("stop-server").act("start-server").wait(1).event("WORKFLOW_TASK_SCHEDULED")
    return story.close().evidence(crashes=(crash,))


def test_all_that_was_acknowledged_is_there() -> None:
    passes(CHECK, crashed())


def test_damaged_database() -> None:
    finding = only_finding(CHECK, crashed(integrity="row 7 missing from index x"))
    assert finding.message == "the database of the killed server is damaged: row 7 missing from index x"


def test_acknowledged_completion_is_lost() -> None:
    finding = only_finding(CHECK, crashed(change=lambda kept: kept.pop()))
    assert finding.message == "the completion of book 1 was acknowledged, and is not in the database"
    assert "RespondActivityTaskCompleted OK" in str(finding.evidence[0])


def test_acknowledged_workflow_task_is_lost() -> None:
    messages = [
        found.message for found in judged(CHECK, crashed(change=lambda kept: kept.__delitem__(slice(3, None)))).findings
    ]
    assert messages[0] == "the completion of the workflow task of event 3 was acknowledged, and is not in the database"
    assert len(messages) == 2


def test_whole_history_is_lost() -> None:
    findings = judged(CHECK, crashed(histories=())).findings
    assert [found.subject for found in findings] == ["RespondWorkflowTaskCompleted", "RespondActivityTaskCompleted"]


def test_event_changed_or_history_gone_afterwards() -> None:
    def rename(kept: list[dict[str, Any]]) -> None:
        kept[4] = {**kept[4], "activityTaskScheduledEventAttributes": {"activityId": "1"}}

    finding = only_finding(CHECK, crashed(change=rename))
    assert "event 5 ACTIVITY_TASK_SCHEDULED of Agent was in the database" in finding.message
    other = History(workflow_id="child", run_id="r2", path="Agent/Child.1", root=False, events=())
    own = crashed()
    evidence = replace(own, crashes=(replace(own.crashes[0], histories=(*own.crashes[0].histories, other)),))
    assert only_finding(CHECK, evidence).message.startswith("the history of Agent/Child.1 is gone")


def test_buffered_completion_counts() -> None:
    def buffer(kept: list[dict[str, Any]]) -> None:
        for event in kept[-2:]:
            attributes = next(name for name in event if name.endswith("Attributes"))
            event |= {"eventId": "-123", attributes: {**event[attributes], "startedEventId": "-123"}}

    passes(CHECK, crashed(change=buffer))


def test_open_workflow_task_may_be_made_anew() -> None:
    task = {"eventId": "8", "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED", "eventTime": "2026-03-01T12:00:00Z"}
    passes(CHECK, crashed(change=lambda kept: kept.append({**task, "workflowTaskStartedEventAttributes": {}})))


def test_what_was_not_acknowledged_may_be_missing() -> None:
    evidence = crashed(change=lambda kept: kept.pop())
    tape = tuple(
        entry for entry in evidence.tape if (entry.kind, entry.operation) != ("reply", "RespondActivityTaskCompleted")
    )
    passes(CHECK, replace(evidence, tape=tape))


def test_server_with_nothing_to_look_at() -> None:
    assert "no server was killed" in nothing(CHECK, Story().close().evidence())


def killed_during(timeout: str, *, worker_died: bool = False) -> Evidence:
    story = Story()
    story.event("WORKFLOW_TASK_SCHEDULED")
    started = story.event("WORKFLOW_TASK_STARTED", scheduledEventId="5")
    told = WorkflowTask(attempt=1, started_event_id=started)
    story.message("wire", "PollWorkflowTaskQueue", workflow_task=True, told=told)
    story.strike(fault="kill-server").wait(3)
    story.event("WORKFLOW_TASK_TIMED_OUT", scheduledEventId="5", startedEventId=str(started), timeoutType=timeout)
    return story.close().evidence()


def test_timeouts_around_the_death_of_the_server_are_no_finding() -> None:
    passes("no-workflow-task-failure", killed_during("TIMEOUT_TYPE_START_TO_CLOSE"))
    passes("no-workflow-task-failure", killed_during("TIMEOUT_TYPE_SCHEDULE_TO_START"))


@pytest.mark.parametrize(("gap", "outcome"), [(20.0, "PASS"), (80.0, "FAIL")])
def test_progress_after_the_server_is_back_may_be_of_the_same_worker(gap: float, outcome: str) -> None:
    story = Story()
    book: Task = story.activity("book", startToCloseTimeout="5s")
    story.strike(fault="kill-server").wait(1).act("start-server").wait(gap).complete(book)
    assert judged("recovers-in-time", story.close().evidence()).outcome == outcome
