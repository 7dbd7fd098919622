"""How a child can end, as its own paths show."""

from __future__ import annotations

from dataclasses import replace

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import StartChildWorkflowExecutionInitiatedEventAttributes

from harness.replay.explore.children import child_budgets, child_ends, child_world, waiting_children
from harness.replay.explore.move import DEFAULT_BUDGETS, Move
from harness.replay.explore.world import Declared, KnownOutcome, Pending, World
from tests.unit.replay.explore.worlds import answered, completion, first, taken

READY = Declared(kind="signal", name="ready", input=b"")
CHILD = Pending(
    kind="child",
    event_id=5,
    type="Approval",
    subject="Approval#1",
    shown="Approval.1",
    attributes=StartChildWorkflowExecutionInitiatedEventAttributes(workflow_id="approval"),
    at=0.0,
    started=6,
)
BEGIN = "the first workflow task is handed out"


def completed() -> World:
    return answered(taken(first(), BEGIN), completion(b'"approved"'))


def failed(message: str) -> World:
    world = taken(first(), BEGIN)
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
    event.workflow_execution_failed_event_attributes.failure.message = message
    world.path = (*world.path, (Move(kind="fail", subject="charge#1", words="activity charge.1 fails"),))
    world.close, world.result = "failed", message
    return world


def test_the_plain_end_comes_first_and_each_failure_once() -> None:
    ended = [(failed("no money"), "failed"), (completed(), "completed"), (failed("no money"), "failed")]
    plain, other = child_ends(CHILD, first(), ended)
    assert (plain.detail, plain.result is not None) == ("", True)
    assert other.detail == "end-1"
    assert other.words == "fails (no money), since its activity charge.1 fails"


def test_a_child_that_is_stuck_waits_and_what_it_has_sent_counts() -> None:
    stuck = taken(first(), BEGIN)
    stuck.sent_out = (("trip", READY), ("somebody else", READY))
    (waits,) = child_ends(CHILD, first(), [(stuck, "stuck")])
    assert (waits.waits, waits.signals) == (True, (READY,))
    parent = replace(first(), pending={5: CHILD}, ends={CHILD.known_by: (waits,)})
    assert waiting_children(parent) == ("what child Approval.1 waits for, which comes from outside",)


def test_a_child_that_cannot_be_explored_is_said() -> None:
    lost = replace(first(), result="exited with status 7")
    assert child_ends(CHILD, first(), [(lost, "lost")]) == (
        KnownOutcome(why_not="how child Approval.1 ends: exited with status 7"),
    )
    assert "came to no end" in child_ends(CHILD, first(), [])[0].why_not


def test_what_a_child_was_sent_is_what_it_may_hear() -> None:
    world = child_world(replace(CHILD, heard=(READY,)), first(), budgets=child_budgets(DEFAULT_BUDGETS))
    assert (world.workflow_id, world.sends) == ("approval", ((READY,),))
    assert world.left == {**dict.fromkeys(DEFAULT_BUDGETS, 0), "fail": 1, "timeout": 1, "trouble": 1}
