"""What one version has recorded and the other cannot go on with is told, with what differs and what to do."""

from __future__ import annotations

from harness.records.message_facts import ReportedFailure, WorkflowTaskFailed
from harness.records.verdict import Severity

from .build import Story, nothing, only_finding, passes

NAME = "goes-on-under-other-code"
DIFFERS = "Activity type of scheduled event 'draft' does not match activity type of activity command 'compose'"


def changed(fault: str = "next-version") -> Story:
    story = Story()
    story.activity("draft")
    story.strike("before/RespondActivityTaskCompleted/Agent/draft.1/attempt-1", fault=fault, restart=False)
    return started(story, "python worker_v2.py", version="next")


def started(story: Story, command: str, *, version: str = "") -> Story:
    story.worker += 1
    return story.act("start-worker", worker=story.worker, pid=9, command=command, version=version)


def fails_a_task(story: Story) -> Story:
    facts = WorkflowTaskFailed(
        cause="WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR",
        failure=ReportedFailure(message=f"[TMPRL1100] Nondeterminism error: {DIFFERS}"),
    )
    story.message("wire", "RespondWorkflowTaskFailed", asked=facts)
    return story


def test_a_command_that_differs_is_told_with_the_version_and_the_remedy() -> None:
    finding = only_finding(NAME, fails_a_task(changed()).close().evidence())
    assert finding.message == f"Agent does not go on under the next version (python worker_v2.py): {DIFFERS}"
    assert finding.how_bad is Severity.BROKEN
    assert "workflow.patched()" in finding.fix
    assert "worker versioning" in finding.fix


def test_what_cannot_be_rolled_back_is_a_risk() -> None:
    story = started(changed("rolled-back"), "python worker.py")
    finding = only_finding(NAME, fails_a_task(story).close().evidence())
    assert finding.message.startswith("Agent does not go on under the version before it, rolled back to (python worker")
    assert finding.how_bad is Severity.RISKY
    assert "roll forward" in finding.fix


def test_an_activity_that_is_registered_no_more() -> None:
    story = changed()
    task = story.activity("publish")
    story.fail(task, "NotFoundError", message="Activity function publish is not registered on this worker")
    finding = only_finding(NAME, story.close().evidence())
    assert "publish is not registered on this worker" in finding.message
    assert finding.fix.startswith("Keep the activity registered")


def test_what_goes_on_passes_and_where_no_code_was_changed_there_is_nothing() -> None:
    passes(NAME, changed().close().evidence())
    assert nothing(NAME, Story().close().evidence()) == "the code was not changed"
