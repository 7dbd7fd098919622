"""The dispatch brings both kinds of doors before one nemesis, and gives no task to a process that is gone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpMessage
from harness.doors.wire.attribution import Attribution
from harness.records.message_facts import HttpCall, HttpReply, TaskPoll
from harness.records.point import Position
from harness.records.tape import Entry
from harness.trial.dispatch import Dispatch
from harness.trial.registry import WorkerRegistry


class Deciding:
    """A nemesis that keeps what it is asked, and always decides the same."""

    def __init__(self, decision: Decision = "go") -> None:
        self.entries: list[Entry] = []
        self.witnessed: list[Entry] = []
        self._decision = decision

    async def decide(self, entry: Entry) -> Decision:
        self.entries.append(entry)
        return self._decision

    def witness(self, entry: Entry) -> None:
        self.witnessed.append(entry)


class Asking:
    """A dispatch, and what it is put together of."""

    def __init__(self, decision: Decision = "go") -> None:
        nemesis: Any = Deciding(decision)
        self.asked: list[Entry] = nemesis.entries
        self.witnessed: list[Entry] = nemesis.witnessed
        self.workers = WorkerRegistry()
        self.workers.next_number()
        self.answers: dict[int, str] = {}
        self.dispatch = Dispatch(nemesis, attribution=Attribution(), workers=self.workers, answers=self.answers)


def poll(*, worker: int = 1, queue: str = "q", sticky: bool = False) -> Entry:
    facts = TaskPoll(task_queue=queue, sticky=sticky)
    return Entry(at=0, kind="request", door="wire", operation="PollActivityTaskQueue", worker=worker, facts=facts)


def http(position: Position, *, number: int = 7, **more: Any) -> HttpMessage:
    message: dict[str, Any] = {"slot": "s", "worker": 1, "door": "effect", "operation": "pay", "method": "POST"}
    return HttpMessage(number=number, position=position, path="/pay", **{**message, **more})


async def test_a_poll_of_the_newest_process_is_known_and_no_point() -> None:
    asking = Asking("drop")
    assert await asking.dispatch.wire(poll()) == "go"
    assert await asking.dispatch.wire(poll(queue="own", sticky=True)) == "go"
    assert await asking.dispatch.wire(poll(queue="other", worker=0)) == "go"
    assert asking.workers.polled == {"q": {"activity"}}
    assert asking.asked == []


@pytest.mark.parametrize("gone", ["dead", "zombie"])
async def test_a_process_that_is_dead_or_a_zombie_gets_no_task(gone: str) -> None:
    asking = Asking()
    asking.workers.declare_dead(1) if gone == "dead" else asking.workers.pause_now()
    asking.workers.next_number()
    assert await asking.dispatch.wire(poll(worker=1)) == "drop"
    assert await asking.dispatch.wire(poll(worker=2)) == "go"


async def test_an_empty_poll_answer_is_nothing_to_decide_about() -> None:
    asking = Asking("drop")
    empty = Entry(at=0, kind="reply", door="wire", operation="PollActivityTaskQueue", worker=1, status="OK")
    assert await asking.dispatch.wire(empty) == "go"
    assert await asking.dispatch.wire(Entry(at=0, kind="request", door="wire", operation="GetSystemInfo")) == "drop"
    assert [entry.operation for entry in asking.asked] == ["GetSystemInfo"]


async def test_a_call_and_its_answer_are_one_message_with_a_number_that_all_doors_share() -> None:
    asking = Asking()
    assert next(asking.dispatch.numbers) == 1
    headers = {"authorization": "Bearer sk", "user-agent": "1"}
    assert await asking.dispatch.http(http("before", headers=headers, body={"x": 1})) == "go"
    assert (
        await asking.dispatch.http(http("after", status=200, answer={"ok": True}, answer_text='{"ok": true}')) == "go"
    )
    before, after = asking.asked
    assert (before.kind, before.message, before.door, before.operation) == ("request", 2, "effect", "pay")
    assert (after.kind, after.message, after.status) == ("reply", 2, "200")
    assert before.point
    assert after.point == before.point.at("after")
    assert isinstance(before.facts, HttpCall)
    assert before.facts.headers == {"authorization": "…", "user-agent": "1"}
    assert isinstance(after.facts, HttpReply)
    assert after.facts.answer == {"ok": True}
    assert asking.answers == {2: '{"ok": true}'}
    assert next(asking.dispatch.numbers) == 3


async def test_calls_that_overlap_are_told_apart() -> None:
    asking = Asking()
    for position, number in itertools.product(("before", "after"), (1, 2)):
        await asking.dispatch.http(http("after" if position == "after" else "before", number=number))
    assert [entry.message for entry in asking.asked] == [1, 2, 1, 2]


async def test_a_second_execution_is_put_down_with_its_request_and_decided_by_nobody() -> None:
    asking = Asking("drop")
    await asking.dispatch.http(http("before"))
    await asking.dispatch.http(http("after", status=200, answer_text="first"))
    assert await asking.dispatch.http(http("after", status=200, answer_text="second", again=True)) == "go"
    (again,) = asking.witnessed
    assert (again.kind, again.message, again.point) == ("reply", asking.asked[1].message, asking.asked[1].point)
    assert asking.answers == {again.message: "first"}
