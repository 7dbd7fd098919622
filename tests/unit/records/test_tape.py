"""The tape: its lines are read back as they were written, and its entries say what they hold."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from harness.records.act_facts import FaultHealed, FaultMade, WorkerExited
from harness.records.message_facts import ActivityTask, HttpCall, HttpReply, MadeUpReply, NotDelivered
from harness.records.point import Point
from harness.records.tape import Entry, acts, executed, points, read_entry

POINT = Point(position="before", door="wire", operation="RespondActivityTaskCompleted", workflow="A")
POLLED = Entry(
    at=1.25,
    kind="reply",
    door="wire",
    operation="PollActivityTaskQueue",
    message=3,
    worker=1,
    point=POINT.at("after"),
    workflow_id="w",
    run_id="r",
    activity_id="1",
    status="OK",
    facts=ActivityTask(attempt=1, activity_type="book", input=["x"]),
)
STRIKE = Entry(at=2.0, kind="act", operation="strike", worker=1, facts=FaultMade(fault="kill-worker", point="p"))
HEAL = Entry(at=3.0, kind="act", operation="heal", facts=FaultHealed(fault="kill-worker"))
EXIT = Entry(at=2.5, kind="act", operation="worker-exit", facts=WorkerExited(exit_status=-9, expected=True))
CALL = Entry(at=4.0, kind="request", door="effect", operation="note", facts=HttpCall(path="/note", body=1))


@pytest.mark.parametrize("entry", [POLLED, STRIKE, HEAL, EXIT, CALL, Entry(at=0, kind="act", operation="over")])
def test_a_line_is_read_back_as_it_was_written(entry: Entry) -> None:
    assert read_entry(msgspec.json.encode(entry)) == entry


def test_a_line_of_another_version_is_read() -> None:
    line = b'{"at": 1, "kind": "act", "operation": "strike", "colour": "red", "facts": {"fault": "f", "mood": 1}}'
    assert read_entry(line) == Entry(at=1, kind="act", operation="strike", facts=FaultMade(fault="f"))


def test_a_line_that_is_no_entry_is_refused() -> None:
    for line in (b'{"at": 1', b'{"at": "1", "kind": "act", "operation": "x"}', b'{"kind": "act", "operation": "x"}'):
        with pytest.raises(msgspec.DecodeError):
            read_entry(line)


def test_facts_are_read_as_one_record_or_not_at_all() -> None:
    task = POLLED.facts_as(ActivityTask)
    assert task is not None
    assert task.activity_type == "book"
    assert STRIKE.facts_as(ActivityTask) is None


def test_the_fault_of_an_act_and_of_a_message() -> None:
    assert [entry.fault for entry in (STRIKE, HEAL, EXIT, POLLED)] == ["kill-worker", "kill-worker", "", ""]
    lost = replace(POLLED, kind="dropped", facts=NotDelivered(injected="reply-lost"))
    made_up = replace(CALL, kind="reply", facts=MadeUpReply(injected="model-429"))
    assert [entry.injected for entry in (lost, made_up, POLLED, CALL)] == ["reply-lost", "model-429", "", ""]


def test_the_http_request_of_a_message() -> None:
    reply = replace(CALL, kind="reply", facts=HttpReply(path="/note", body=2, answer="ok"))
    assert [(entry.http.path, entry.http.body) for entry in (CALL, reply, POLLED)] == [
        ("/note", 1),
        ("/note", 2),
        ("", None),
    ]


def test_acts_points_and_what_was_executed() -> None:
    asked = replace(POLLED, kind="request", operation="RespondActivityTaskCompleted", point=POINT)
    tape = [asked, POLLED, STRIKE, replace(STRIKE, at=9.0), CALL, asked]
    assert [entry.at for entry in acts(tape, "strike")] == [2.0, 9.0]
    assert points(tape) == [POINT, POINT.at("after")]
    assert list(executed(tape, door="wire")) == [POLLED]
    assert list(executed(tape, door="wire", operation="RecordActivityTaskHeartbeat")) == []
    assert list(executed(tape, door="effect")) == []
