"""How a child can end, as its own paths show."""

from __future__ import annotations

from dataclasses import replace

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import StartChildWorkflowExecutionInitiatedEventAttributes

from harness.replay.explore.children import child_budgets, child_ends, child_world, waiting_children
from harness.replay.explore.move import DEFAULT_BUDGETS, Move
from harness.replay.explore.outcomes import steps_from
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


def completed_with(result: bytes, *, because: str = "") -> World:
    world = completed()
    world.events[-1].workflow_execution_completed_event_attributes.result.payloads[0].data = result
    if because:
        world.path = (*world.path, (Move(kind="fail", subject="look#1", words=because),))
    return world


def completions_from(world: World) -> list[str]:
    return [step[0].detail for step in steps_from(world) if len(step) == 1 and step[0].kind == "complete"]


def test_another_result_of_a_child_is_another_end_and_the_same_one_is_not() -> None:
    ended = [completed(), completed_with(b'"late"'), completed_with(b'"by cache"', because="activity look.1 fails")]
    plain, *others = child_ends(CHILD, first(), [(world, "completed") for world in [*ended, *ended]])
    assert [each.words for each in others] == [
        "completes otherwise, by its own order of events",
        "completes otherwise, since its activity look.1 fails",
    ]
    world = replace(first(), pending={5: CHILD}, ends={CHILD.known_by: (plain, *others)}, begun=True)
    assert completions_from(world) == ["", "end-1", "end-2"]
    assert completions_from(replace(world, left={**world.left, "answer": 0})) == [""]


def test_ends_of_a_child_that_its_parent_does_not_meet_are_said() -> None:
    several = [(completed_with(b'"%d"' % number), "completed") for number in range(7)]
    sends = completed_with(b'"other"')
    sends.sent_out = (("trip", READY),)
    plain, *others = child_ends(CHILD, first(), [*several, (sends, "completed"), (taken(first(), BEGIN), "stuck")])
    assert len(others) == 4
    assert plain.unexplored == (
        "child Approval.1 where it sends other signals and ends otherwise",
        "child Approval.1 where it waits for something from outside",
        "child Approval.1 where it ends in one of the 2 ways beyond 5",
    )


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
