"""n outbound messages have n + 1 cuts; every other point stands for one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness import faults
from harness.records.act_facts import PastDoors
from harness.records.cut import Cut, cuts, cuts_of, new_cuts, steady
from harness.records.message_facts import HttpCall, HttpReply
from harness.records.plan import Strike
from harness.records.point import Door, Point
from harness.records.tape import Entry, points

KILL = faults.named("kill-worker")


def point(operation: str, **more: Any) -> Point:
    return Point(position="before", door="wire", operation=operation, workflow="A", **more)


def asks(sent: Point, number: int = 1) -> Entry:
    return Entry(at=0, kind="request", door="wire", operation=sent.operation, message=number, point=sent)


def answers(sent: Point, number: int = 1) -> Entry:
    return Entry(at=0, kind="reply", door="wire", operation=sent.operation, message=number, point=sent.at("after"))


def sequence(*sent: Point) -> list[Entry]:
    return [entry for number, each in enumerate(sent) for entry in (asks(each, number), answers(each, number))]


def ids(found: list[Cut]) -> list[str]:
    return [cut.point.id for cut in found]


@pytest.mark.parametrize("number", [1, 2, 7])
def test_n_messages_in_a_row_have_n_plus_1_cuts(number: int) -> None:
    sent = [point(f"Op{each}") for each in range(number)]
    found = cuts(sequence(*sent))
    assert ids(found) == [*(each.id for each in sent), sent[-1].at("after").id]


def model_call(subject: str, *, execution: int, tools: bool = False) -> list[Entry]:
    sent = Point(
        position="before",
        door="model",
        operation="chat.completions",
        workflow="A",
        subject=subject,
        execution=execution,
        attempt=1,
    )
    asked = HttpCall(body={"tools": [{"name": "look"}]} if tools else {})
    heard = HttpReply(body=asked.body, answer={})
    return [replace(asks(sent), door="model", facts=asked), replace(answers(sent), door="model", facts=heard)]


def test_a_fault_that_is_one_of_many_is_made_once_for_each_type_of_activity() -> None:
    calls = [("plan", 1), ("plan", 2), ("write", 1), ("plan", 3)]
    tape = [entry for subject, execution in calls for entry in model_call(subject, execution=execution)]
    made = cuts_of(faults.named("model-401"), tape)
    assert [(cut.point.subject, cut.point.execution) for cut in made] == [("plan", 1), ("write", 1)]
    assert len(cuts_of(faults.named("model-400"), tape)) == 4


def test_a_fault_of_tools_is_made_where_tools_are_offered() -> None:
    tape = [*model_call("plan", execution=1), *model_call("plan", execution=2, tools=True)]
    (cut,) = cuts_of(faults.named("tool-unknown"), tape)
    assert (cut.point.execution, cut.point.position) == (2, "after")


def test_a_fault_that_changes_an_answer_is_made_at_an_answer_and_at_no_error() -> None:
    (asked, refused), (_, fine) = model_call("plan", execution=1), model_call("plan", execution=2)
    tape = [asked, replace(refused, status="503"), replace(fine, status="200")]
    assert [cut.point.execution for cut in cuts_of(faults.named("model-null-text"), tape)] == [2]
    assert [cut.point.execution for cut in cuts_of(faults.named("model-drip"), tape)] == [1]


def test_no_message_has_no_cut() -> None:
    assert cuts([]) == []
    assert (
        cuts([Entry(at=0, kind="act", operation="start"), Entry(at=0, kind="request", operation="GetSystemInfo")]) == []
    )


def test_after_one_message_is_before_the_next() -> None:
    found = cuts(sequence(point("One"), point("Two")))
    assert [cut.stands_for for cut in found] == [(), ("after/One/A",), ()]


def test_a_task_handed_out_is_the_cut_of_the_first_message_that_it_leads_to() -> None:
    poll, done = point("PollActivityTaskQueue", subject="book", execution=1), point("RespondActivityTaskCompleted")
    found = cuts([answers(poll), *sequence(done)])
    assert ids(found) == [done.id, done.at("after").id]
    assert found[0].stands_for == (poll.at("after").id,)


def test_every_point_of_the_tape_is_a_cut_or_stands_for_one() -> None:
    one, two, three = point("One"), point("Two"), point("Three")
    tape = [asks(one), asks(two), answers(two), answers(one), *sequence(three)]
    found = cuts(tape)
    covered = {name for cut in found for name in (cut.point.id, *cut.stands_for)}
    assert covered == {entry.point.id for entry in tape if entry.point}


def test_messages_at_the_same_time_have_a_cut_each() -> None:
    one, two = point("One"), point("Two")
    assert ids(cuts([asks(one), asks(two), answers(two), answers(one)])) == [one.id, two.id, two.at("after").id]


def test_what_was_dropped_and_what_crashproof_did_are_no_points() -> None:
    sent = point("One")
    dropped = Entry(at=0, kind="dropped", door="wire", operation="One", message=1, point=sent)
    assert ids(cuts([*sequence(sent), dropped])) == [sent.id, sent.at("after").id]


def test_a_cut_is_steady_if_every_undisturbed_run_reaches_its_place() -> None:
    always, sometimes = point("Always"), point("Beat", occurrence=2)
    first, second = sequence(always, sometimes), sequence(always)
    kept, left = steady(cuts(first), [first, second])
    assert ids(kept) == [always.id]
    assert left == [sometimes.place, sometimes.at("after").place]


def test_a_place_reached_by_another_attempt_is_steady() -> None:
    first, second = sequence(point("One", attempt=1)), sequence(point("One", attempt=2))
    assert steady(cuts(first), [first, second])[1] == []


def test_only_places_that_no_run_has_seen_are_new() -> None:
    old, new = point("Old", attempt=2), point("New", attempt=2)
    known = {old.place, old.at("after").place}
    assert ids(new_cuts([KILL], sequence(old, new), known)) == [new.id, new.at("after").id]
    assert ids(new_cuts([KILL], sequence(new, old), known)) == [new.id]


def test_a_heartbeat_sent_by_the_clock_is_never_new() -> None:
    beat = point("RecordActivityTaskHeartbeat", subject="book", execution=1, attempt=2)
    later = point("RecordActivityTaskHeartbeat", subject="book", execution=1, attempt=2, occurrence=2)
    assert ids(new_cuts([KILL], sequence(beat, later), set())) == [beat.id]


def call(door: Door, **more: Any) -> Point:
    return Point(position="before", door=door, operation="ask", workflow="A", subject="book", execution=1, **more)


WAY = [
    *sequence(point("RecordActivityTaskHeartbeat")),
    *sequence(call("model")),
    *sequence(call("effect")),
    *sequence(point("RespondActivityTaskCompleted")),
]
BEAT, MODEL, EFFECT, DONE = points(WAY)[::2]


@pytest.mark.parametrize("name", ["kill-worker", "terminate-worker", "pause-worker"])
def test_what_costs_the_worker_its_memory_or_its_turn_is_made_at_each_cut(name: str) -> None:
    fault = faults.named(name)
    found = cuts_of(fault, WAY)
    assert ids(found) == ids(cuts(WAY)) == [BEAT.id, MODEL.id, EFFECT.id, DONE.id, DONE.at("after").id]
    assert [cut.strike for cut in found] == [Strike(name, cut.point.id) for cut in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kill-server", points(WAY)),
        ("unavailable-once", [BEAT, DONE]),
        ("resource-exhausted-until-healed", [BEAT, DONE]),
        ("reply-lost", [BEAT.at("after"), DONE.at("after")]),
        ("heartbeat-lost", [BEAT]),
        ("model-429-seconds", [MODEL]),
        ("model-outage", [MODEL]),
        ("model-truncated", [MODEL.at("after")]),
        ("effect-reply-lost", [EFFECT.at("after")]),
    ],
)
def test_what_leaves_the_worker_its_memory_is_made_at_each_message_that_it_can_meet(
    name: str, expected: list[Point]
) -> None:
    found = cuts_of(faults.named(name), WAY)
    assert [cut.point for cut in found] == expected
    assert [cut.strike for cut in found] == [Strike(name, each.id) for each in expected]
    assert all(not cut.stands_for for cut in found)


def test_what_is_sent_is_moved_to_before_it_was_sent_and_sent_again_after_it_was() -> None:
    first, second, third = (point("RespondActivityTaskCompleted", subject=name, execution=1) for name in "abc")
    sent = Entry(at=0.0, kind="act", operation="signal")
    way = [*sequence(first), sent, *sequence(second), *sequence(third)]
    assert [cut.point for cut in cuts_of(faults.named("sent-early"), way)] == points(sequence(first))
    again = [cut.point for cut in cuts_of(faults.named("sent-again"), way)]
    assert again == [each.at("after") for each in (second, third)]
    assert [cut.point for cut in cuts_of(faults.named("query-workflow"), way)] == [
        each.at("after") for each in (first, second, third)
    ]
    assert cuts_of(faults.named("sent-early"), sequence(first)) == []


def test_one_that_is_made_once_is_made_at_the_first_message_that_it_can_meet() -> None:
    first, second = (point("RespondWorkflowTaskCompleted", subject=name) for name in "ab")
    (cut,) = cuts_of(faults.named("started-after-end"), [*sequence(first), *sequence(second)])
    assert cut.point == first


def test_a_fault_without_a_message_that_it_can_meet_is_made_nowhere() -> None:
    for fault in faults.chosen(["model", "effect"]):
        assert cuts_of(fault, sequence(point("One"))) == []
    for fault in faults.listed():
        assert cuts_of(fault, []) == []


@pytest.mark.parametrize("door", ["model", "effect"])
def test_a_call_that_is_tried_again_is_never_new(door: Door) -> None:
    tried = sequence(call(door, attempt=2), call(door, attempt=2, occurrence=2), call(door, attempt=3, occurrence=3))
    known = {call(door).place, call(door).at("after").place}
    again = call(door, attempt=2, occurrence=2)
    assert new_cuts([KILL], tried, known) == []
    assert ids(new_cuts([KILL], tried[2:4], set())) == [again.id, again.at("after").id]


def test_another_message_on_the_wire_is_new_although_one_like_it_is_known() -> None:
    again = point("RespondWorkflowTaskCompleted", subject="no-commands", occurrence=2)
    known = {replace(again, occurrence=1).place}
    assert ids(new_cuts([KILL], sequence(again), known)) == [again.id, again.at("after").id]


def test_a_new_point_is_struck_with_each_fault_that_applies_to_it_and_at_both_positions_where_both_count() -> None:
    asked, new = call("model", attempt=2), point("New", attempt=2)
    tape = sequence(asked, new)
    chosen = [faults.named(name) for name in ("kill-server", "model-429", "unavailable-once", "reply-lost")]
    assert [str(cut.strike) for cut in new_cuts([*chosen, KILL], tape, set())] == [
        *(f"kill-server@{each.id}" for each in (asked, asked.at("after"), new, new.at("after"))),
        f"model-429@{asked.id}",
        f"unavailable-once@{new.id}",
        f"reply-lost@{new.at('after').id}",
        *(f"kill-worker@{each.id}" for each in (asked, new, new.at("after"))),
    ]
    assert new_cuts([faults.named("effect-reply-lost")], tape, set()) == []


def test_the_attempts_of_a_message_are_one_new_place() -> None:
    twice = sequence(point("New", attempt=2), point("New", attempt=3))
    found = new_cuts([KILL, faults.named("unavailable-once")], twice, set())
    assert [(cut.fault, cut.point.id) for cut in found] == [
        ("kill-worker", point("New", attempt=2).id),
        ("kill-worker", point("New", attempt=3).at("after").id),
        ("unavailable-once", point("New", attempt=2).id),
    ]


def test_a_reply_that_never_came_is_no_new_point() -> None:
    assert ids(new_cuts([KILL], [asks(point("New"))], set())) == [point("New").id]


def left_before(sent: Point) -> Entry:
    facts = PastDoors(what=["the file ledger.txt is written"], seen_at=sent.id)
    return Entry(at=0, kind="act", operation="past-doors", facts=facts)


def test_where_something_leaves_past_the_doors_after_and_before_are_two_cuts() -> None:
    effect, done = point("charge"), point("RespondActivityTaskCompleted")
    tape = sequence(effect, done)
    tape.insert(3, left_before(done))
    found = cuts(tape)
    assert ids(found) == [effect.id, effect.at("after").id, done.id, done.at("after").id]
    assert [cut.stands_for for cut in found] == [(), (), (), ()]


def test_what_leaves_past_the_doors_before_any_message_was_answered_is_no_cut_more() -> None:
    one = point("One")
    assert ids(cuts([asks(one), left_before(one), answers(one)])) == [one.id, one.at("after").id]
