"""A workflow that the server gives up for its size is told as that; one that somebody terminates is not."""

from __future__ import annotations

import pytest

from harness.records.evidence import Evidence
from harness.records.plan import Plan

from .build import Story, judged, only_finding, passes

NAME = "within-server-limits"


def terminated(reason: str, *, identity: str = "history-service") -> Evidence:
    story = Story()
    story.event("WORKFLOW_TASK_FAILED", cause="WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND")
    return story.close("TERMINATED", reason=reason, identity=identity).evidence()


def test_terminated_by_the_server_told_once_as_what_it_is() -> None:
    evidence = terminated("GrpcMessageTooLarge")
    assert only_finding(NAME, evidence).message == "Agent was terminated by the server: GrpcMessageTooLarge"
    assert judged("no-workflow-task-failure", evidence).findings == ()


@pytest.mark.parametrize("cause", ["GRPC_MESSAGE_TOO_LARGE", "PAYLOADS_TOO_LARGE"])
def test_workflow_task_that_is_too_large(cause: str) -> None:
    story = Story(plan=Plan())
    story.event("WORKFLOW_TASK_FAILED", cause=f"WORKFLOW_TASK_FAILED_CAUSE_{cause}")
    assert "decided more than one message may hold" in only_finding(NAME, story.evidence("deadline")).message


def test_terminated_by_somebody_or_with_its_parent_is_no_limit() -> None:
    passes(NAME, terminated("enough", identity="me@here"))
    passes(NAME, terminated("by parent close policy"))
    passes(NAME, Story().close().evidence())
