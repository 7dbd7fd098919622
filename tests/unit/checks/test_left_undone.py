"""What a run leaves undone when it ends is a finding, with or without a strike; what was meant to be left is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.records.evidence import Evidence, History
from harness.records.verdict import Severity

from .build import Story, judged, killed, nothing, only_finding, passes

UPDATES, ACTIVITIES, CHILDREN = "updates-finished", "activities-finished", "children-finished"


def updated(*, finished: bool, how: str = "COMPLETED") -> Evidence:
    story = Story()
    accepted = story.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest={"input": {"name": "say"}})
    if finished:
        story.event("WORKFLOW_EXECUTION_UPDATE_COMPLETED", acceptedEventId=str(accepted))
    return story.close(how).evidence()


@pytest.mark.parametrize(("how", "words"), [("COMPLETED", "completed"), ("CONTINUED_AS_NEW", "continued as new")])
def test_update_whose_run_ends_before_its_handler(how: str, words: str) -> None:
    finding = only_finding(UPDATES, updated(finished=False, how=how))
    assert finding.message == f"update say was accepted and never finished: Agent {words} under its handler"
    assert (finding.how_bad, len(finding.evidence)) == (Severity.BROKEN, 2)
    assert "all_handlers_finished" in finding.fix


def test_update_that_is_finished_or_whose_run_failed() -> None:
    passes(UPDATES, updated(finished=True))
    passes(UPDATES, updated(finished=False, how="FAILED"))
    assert nothing(UPDATES, Story().close().evidence()) == "no update was accepted"


@pytest.mark.parametrize(("completed", "finished"), [("say-1", True), ("say-2", False)])
def test_an_update_is_known_by_its_id_where_the_server_does_not_write_how_it_was_accepted(
    completed: str, finished: bool
) -> None:
    story = Story()
    story.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", protocolInstanceId="say-1")
    story.event("WORKFLOW_EXECUTION_UPDATE_COMPLETED", meta={"updateId": completed})
    judged_as = passes if finished else only_finding
    judged_as(UPDATES, story.close().evidence())


def left_open(story: Story, *, name: str = "book", cancelled: bool = False, how: str = "COMPLETED") -> Evidence:
    story.schedule(name)
    if cancelled:
        story.event("ACTIVITY_TASK_CANCEL_REQUESTED", scheduledEventId=str(len(story.events)))
    return story.close(how).evidence()


def test_activity_that_nobody_waits_for_is_risky_and_told_with_the_baseline_alone() -> None:
    undisturbed = left_open(Story())
    finding = only_finding(ACTIVITIES, undisturbed)
    assert (finding.message, finding.how_bad) == ("book was still open when Agent completed", Severity.RISKY)
    struck = killed()
    assert judged(ACTIVITIES, left_open(struck.strike()), undisturbed).findings == ()
    # Which of several is left open is a race.
    assert judged(ACTIVITIES, left_open(killed(), name="other"), undisturbed).findings == ()


def test_activity_that_a_strike_leaves_open_is_lost_work() -> None:
    finding = only_finding(ACTIVITIES, left_open(killed()), Story().close().evidence())
    assert finding.how_bad is Severity.BROKEN


def test_activity_cancelled_or_of_a_workflow_that_fails() -> None:
    passes(ACTIVITIES, left_open(Story(), cancelled=True))
    passes(ACTIVITIES, left_open(Story(), how="FAILED"))


def with_child(*events: tuple[str, dict[str, Any]], policy: str = "TERMINATE", how: str = "COMPLETED") -> Evidence:
    """Return the evidence of a parent that starts a child and ends; the events are those of the parent between."""
    story, child = Story(), Story(run_id="child-run")
    started = story.event(
        "START_CHILD_WORKFLOW_EXECUTION_INITIATED",
        workflowId="agent-mail",
        workflowType={"name": "Mail"},
        parentClosePolicy=f"PARENT_CLOSE_POLICY_{policy}",
    )
    for kind, told in events:
        story.event(kind, **{"initiatedEventId": str(started), **told})
    child.schedule("send")
    own = History(workflow_id="agent-mail", run_id="c", path="Agent/Mail.1", root=False, events=tuple(child.events))
    return story.close(how).evidence(histories=(story.history, own))


STARTED: tuple[str, dict[str, Any]] = ("CHILD_WORKFLOW_EXECUTION_STARTED", {})


def test_child_that_its_parent_ends_while_it_works() -> None:
    finding = only_finding(CHILDREN, with_child(STARTED))
    assert finding.message == (
        "child workflow Mail was terminated while send was under way: its parent Agent completed first"
    )
    assert finding.how_bad is Severity.BROKEN


def test_child_that_had_done_nothing_or_only_waited() -> None:
    told = with_child(STARTED)
    parent, child = told.histories
    fresh = History(workflow_id=child.workflow_id, run_id="c", path=child.path, root=False, events=child.events[:2])
    finding = only_finding(CHILDREN, replace(told, histories=(parent, fresh)))
    assert "was terminated before it had done anything" in finding.message
    waits = History(workflow_id=child.workflow_id, run_id="c", path=child.path, root=False, events=child.events[:4])
    finding = only_finding(CHILDREN, replace(told, histories=(parent, waits)))
    assert ("while it waited" in finding.message, finding.how_bad) == (True, Severity.RISKY)


@pytest.mark.parametrize(
    "evidence",
    [
        with_child(STARTED, ("CHILD_WORKFLOW_EXECUTION_COMPLETED", {})),
        with_child(STARTED, policy="ABANDON"),
        with_child(STARTED, policy="REQUEST_CANCEL"),
        with_child(STARTED, how="FAILED"),
        with_child(
            STARTED,
            (
                "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
                {"workflowExecution": {"workflowId": "agent-mail"}},
            ),
        ),
    ],
    ids=["awaited", "lives on", "asked to cancel", "parent failed", "cancelled by its parent"],
)
def test_child_that_is_awaited_or_meant_to_live_on(evidence: Evidence) -> None:
    passes(CHILDREN, evidence)


def test_child_that_shall_live_on_and_was_never_started() -> None:
    assert "may never be started" in only_finding(CHILDREN, with_child(policy="ABANDON")).message
    assert nothing(CHILDREN, Story().close().evidence()) == "no child workflow was started"
