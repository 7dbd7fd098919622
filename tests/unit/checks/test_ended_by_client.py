"""How a workflow rightly ends that was cancelled, terminated, or that nobody answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records.evidence import Evidence
from harness.records.message_facts import HeartbeatReply

from .build import Story, judged, only_finding, passes

ENDS = "workflow-ends-as-baseline"
USUAL = Story().close(result="published").evidence()


def cancelled(kind: str = "CANCELED", *, went_on: bool = False, result: str = "published") -> Evidence:
    story = Story()
    story.strike(fault="cancel-workflow", restart=False)
    story.act("cancel", name="", args=[], workflow_id="agent-1")
    story.event("WORKFLOW_EXECUTION_CANCEL_REQUESTED")
    story.event("WORKFLOW_TASK_STARTED")
    if went_on:
        story.complete(story.activity("publish"))
    return (story.close(kind, result=result) if kind == "COMPLETED" else story.close(kind)).evidence()


def test_a_cancelled_workflow_ends_as_cancelled() -> None:
    passes(ENDS, cancelled(), USUAL)


@pytest.mark.parametrize(("kind", "right"), [("CANCELED", True), ("FAILED", True), ("TIMED_OUT", False)])
def test_one_that_is_cancelled_and_could_not_succeed_either_need_not_fail(kind: str, right: bool) -> None:
    story = Story()
    story.strike(fault="cancel-workflow", restart=False)
    story.act("cancel", name="", args=[], workflow_id="agent-1")
    evidence = story.strike(fault="model-400", restart=False).close(kind).evidence()
    assert (judged(ENDS, evidence, USUAL).outcome == "PASS") == right


def test_one_that_goes_on_as_if_nobody_had_cancelled_it_has_swallowed_it() -> None:
    finding = only_finding(ENDS, cancelled("COMPLETED", went_on=True), USUAL)
    assert finding.message == ("Agent completed as if nobody had cancelled it: asked to end, it went on with publish")


@pytest.mark.parametrize(("went_on", "result"), [(False, "published"), (True, "cancelled halfway")])
def test_one_that_ends_in_its_own_way_has_heard(went_on: bool, result: str) -> None:
    passes(ENDS, cancelled("COMPLETED", went_on=went_on, result=result), USUAL)


def looping(*steps: tuple[str, str], cancelled_at: int | None = None, result: str = "all") -> Evidence:
    story = Story()
    for number, (name, given) in enumerate(steps):
        if number == cancelled_at:
            story.strike(fault="cancel-workflow", restart=False)
            story.act("cancel", name="", args=[], workflow_id="agent-1")
            story.event("WORKFLOW_EXECUTION_CANCEL_REQUESTED")
            story.event("WORKFLOW_TASK_STARTED")
        story.complete(story.activity(name, input={"payloads": [{"data": given}]}))
    return story.close("COMPLETED", result=result).evidence()


LOOP = (("set", "busy"), *(("mail", name) for name in ("Ann", "Bob", "Cem", "Dan")), ("set", "idle"), ("free", "lock"))


def test_one_that_skips_the_step_which_was_cancelled_and_does_the_rest_has_swallowed_it() -> None:
    undisturbed = looping(*LOOP)
    went_on = looping(*LOOP, cancelled_at=3, result="all but Bob")
    assert "asked to end, it went on with mail" in only_finding(ENDS, went_on, undisturbed).message


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([("set", "idle"), ("free", "lock")], id="cleans up as it does in the end"),
        pytest.param([("tell", "cancelled"), ("free", "lock")], id="tells it"),
        pytest.param([("mail", "nobody else")], id="tells it by what it works with, too"),
        pytest.param([("unmail", "Ann")], id="takes it back"),
    ],
)
def test_one_that_only_cleans_up_has_heard(after: list[tuple[str, str]]) -> None:
    heard = looping(*LOOP[:3], *after, cancelled_at=3, result="cancelled")
    passes(ENDS, heard, looping(*LOOP))


def test_a_cancellation_that_came_after_the_end_changes_nothing() -> None:
    story = Story()
    story.strike(fault="cancel-workflow", restart=False)
    story.act("cancel", name="", args=[], workflow_id="agent-1", failure="RPCError: already completed")
    passes(ENDS, story.close(result="published").evidence(), USUAL)


@pytest.mark.parametrize(("kind", "right"), [("TERMINATED", True), ("COMPLETED", False)])
def test_a_terminated_workflow_is_terminated(kind: str, right: bool) -> None:
    story = Story()
    story.strike(fault="terminate-workflow", restart=False)
    story.act("terminate", name="", args=[], workflow_id="agent-1")
    evidence = story.close(kind).evidence()
    if right:
        passes(ENDS, evidence, USUAL)
    else:
        assert "though it was terminated" in only_finding(ENDS, evidence, USUAL).message


@pytest.mark.parametrize("kind", ["CANCELED", "TERMINATED"])
@pytest.mark.parametrize("right", [True, False])
def test_of_several_executions_the_one_that_was_ended_ends_so_and_the_others_as_usual(kind: str, right: bool) -> None:
    fault, act = ("cancel-workflow", "cancel") if kind == "CANCELED" else ("terminate-workflow", "terminate")
    story, other = Story(), Story()
    story.strike(fault=fault, restart=False)
    story.act(act, name="", args=[], workflow_id="agent")
    ended = (other.close(result="published") if right else other.close(kind)).history
    evidence = story.close(kind).evidence()
    both = replace(evidence, histories=(*evidence.histories, replace(ended, workflow_id="agent-2", path="Agent.2")))
    second = replace(USUAL.histories[0], workflow_id="agent-2", path="Agent.2")
    usual = replace(USUAL, histories=(*USUAL.histories, second))
    if right:
        passes(ENDS, both, usual)
    else:
        assert only_finding(ENDS, both, usual).message == f"Agent.2 {kind.lower()}; the baseline completed"


@pytest.mark.parametrize(("kind", "right"), [("FAILED", True), ("COMPLETED", True), ("TIMED_OUT", False)])
def test_one_that_nobody_answers_ends_in_its_own_way(kind: str, right: bool) -> None:
    story = Story()
    story.strike(fault="sent-late", restart=False)
    evidence = story.close(kind).evidence()
    if right:
        passes(ENDS, evidence, USUAL)
    else:
        assert "though nobody ended it" in only_finding(ENDS, evidence, USUAL).message


@pytest.mark.parametrize(("timeout", "right"), [("315360000s", True), ("3600s", False)])
def test_one_that_would_wait_for_ever_may_run_into_the_timeout_of_the_test_server(timeout: str, right: bool) -> None:
    story = Story()
    story.events[0]["workflowExecutionStartedEventAttributes"]["workflowExecutionTimeout"] = timeout
    story.strike(fault="sent-late", restart=False)
    (passes if right else only_finding)(ENDS, story.close("TIMED_OUT").evidence(), USUAL)


@pytest.mark.parametrize("failure", ["", "RPCError: not here"])
def test_whether_one_that_is_reset_ends_as_usual_is_known_once_it_was_reset(failure: str) -> None:
    story = Story()
    story.strike(fault="reset-workflow", restart=False)
    story.act("reset", name="to event 4", args=[], workflow_id="agent-1", failure=failure)
    evidence = story.close(result="published").evidence()
    if not failure:
        passes(ENDS, evidence, USUAL)
        only_finding(ENDS, story.evidence(), Story().close(result="another").evidence())
    else:
        told = judged(ENDS, evidence, USUAL)
        assert (told.outcome, told.reason) == ("UNKNOWN", "the server did not reset it: RPCError: not here")


def alone(*, pages_after_cancel: int) -> Evidence:
    """Return a trial of an activity without a workflow that hears that it is cancelled, and reads on."""
    story = Story()
    task = story.activity("read")
    story.strike(fault="cancel-workflow", restart=False)
    story.act("cancel", name="", args=[], workflow_id="agent-1")
    story.message("wire", "RecordActivityTaskHeartbeat", task=task, told=HeartbeatReply(cancel_requested=True))
    story.wait(1)
    for page in range(pages_after_cancel):
        story.effect("page", {"number": page}, task=task)
    evidence = story.complete(task).close(result="published").evidence()
    return replace(evidence, histories=tuple(replace(each, described={}) for each in evidence.histories))


def test_an_activity_without_a_workflow_that_reads_on_has_swallowed_it() -> None:
    finding = only_finding(ENDS, alone(pages_after_cancel=3), USUAL)
    assert finding.message.endswith("asked to end, it went on with 3 more calls, the last of page")
    passes(ENDS, alone(pages_after_cancel=1), USUAL)
