"""What may lead the work on, or close it, is held until what meets the work at a strike has met it."""

from __future__ import annotations

import asyncio

import pytest

from harness.doors.decision import Decision
from harness.faults import Fault
from harness.records.point import Point
from harness.records.tape import Entry
from harness.trial.nemesis import Struck
from tests.unit.trial.test_nemesis import LIMIT, ONE, TWO, Play, Worker, entry, kill, kinds

ANSWER = Point(position="before", door="wire", operation="RespondActivityTaskCompleted", workflow="A", attempt=1)
CLOSING = Point(position="before", door="wire", operation="RespondWorkflowTaskCompleted", workflow="A", attempt=1)


@pytest.fixture(autouse=True)
def _nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is given up because this machine kept a test waiting."""
    monkeypatch.setattr("harness.trial.nemesis._ANSWER_SECONDS", 3600.0)
    monkeypatch.setattr("harness.trial.nemesis._STILL_SECONDS", 3600.0)


async def test_no_workflow_is_closed_while_the_answer_that_is_to_be_struck_is_on_its_way() -> None:
    nemesis = Play(kill(ANSWER.at("after").id), striker=Worker())
    assert await nemesis.decide(entry(ANSWER)) == "go"
    closing = asyncio.ensure_future(nemesis.decide(entry(CLOSING, number=2)))
    await asyncio.sleep(0)
    assert await nemesis.decide(entry(TWO, number=3)) == "go"  # nothing else waits
    assert not closing.done()
    assert await nemesis.decide(entry(ANSWER.at("after"))) == "drop"
    assert await closing == "drop"  # its sender is dead by then
    assert kinds(nemesis) == ["request", "request", "request", "reply", "strike", "dropped", "dropped"]
    await nemesis.finish()


@pytest.mark.parametrize("planned", [TWO.id, ANSWER.id.replace("attempt-1", "attempt-2"), ANSWER.at("after").id])
async def test_workflow_tasks_are_answered_where_no_answer_is_awaited_to_be_struck(planned: str) -> None:
    nemesis = Play(kill(planned), striker=Worker())
    assert await nemesis.decide(entry(ANSWER)) == "go"
    if planned == ANSWER.at("after").id:  # it comes when its sender is no longer there to be struck
        nemesis.workers.declare_dead(1)
        assert await nemesis.decide(entry(ANSWER.at("after"))) == "drop"
    async with asyncio.timeout(LIMIT):
        assert await nemesis.decide(entry(CLOSING, number=2, worker=2)) == "go"


class Asker:
    """Asks something at a strike that is answered when the test lets it be."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        return Struck(decision="go", healing=self._ask(), stands_still=True)

    def spares(self, worker: int) -> bool:
        return False

    async def _ask(self) -> None:
        await self.answered.wait()


async def test_no_activity_ends_while_the_work_is_asked_where_it_stands() -> None:
    asker = Asker()
    nemesis = Play(kill(ONE.id), striker=asker)
    assert await nemesis.decide(entry(ONE)) == "go"
    ending = asyncio.ensure_future(nemesis.decide(entry(ANSWER, number=2)))
    await asyncio.sleep(0)
    assert await nemesis.decide(entry(CLOSING, number=3)) == "go"  # the server may ask with it, or after it
    assert not ending.done()
    asker.answered.set()
    assert await ending == "go"
    assert await nemesis.decide(entry(ANSWER, number=4)) == "go"
    await nemesis.finish()


async def test_an_activity_ends_though_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.trial.nemesis._STILL_SECONDS", 0.0)
    nemesis = Play(kill(ONE.id), striker=Asker())
    assert await nemesis.decide(entry(ONE)) == "go"
    async with asyncio.timeout(LIMIT):
        assert await nemesis.decide(entry(ANSWER, number=2)) == "go"
    await nemesis.finish()


class Sender:
    """Sends something at a strike, on its way for as long as the test lets it be."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        return Struck(decision=self._send(), stays_open=True)

    def spares(self, worker: int) -> bool:
        return False

    async def _send(self) -> Decision:
        await self.sent.wait()
        return "go"


@pytest.mark.parametrize("struck", [ONE, ANSWER.at("after")])
async def test_no_workflow_is_closed_while_what_is_sent_at_a_strike_is_on_its_way(struck: Point) -> None:
    sender = Sender()
    nemesis = Play(kill(struck.id), striker=sender)
    closings = []
    if struck.position == "after":  # the server may have handed the next task out before its answer is heard
        assert await nemesis.decide(entry(struck.at("before"))) == "go"
        closings.append(asyncio.ensure_future(nemesis.decide(entry(CLOSING, number=2))))
    held = asyncio.ensure_future(nemesis.decide(entry(struck)))
    await asyncio.sleep(0)
    closings.append(asyncio.ensure_future(nemesis.decide(entry(CLOSING, number=3))))
    assert await nemesis.decide(entry(TWO, number=4)) == "go"  # nothing else waits
    assert not any(each.done() for each in (held, *closings))
    sender.sent.set()
    assert await held == "go"
    assert await asyncio.gather(*closings) == ["go"] * len(closings)
    assert await nemesis.decide(entry(CLOSING, number=5)) == "go"


async def test_a_workflow_may_close_though_what_is_sent_at_a_strike_fails() -> None:
    class Failing(Sender):
        async def _send(self) -> Decision:
            await super()._send()
            raise RuntimeError("no server")

    sender = Failing()
    nemesis = Play(kill(ONE.id), striker=sender)
    held = asyncio.ensure_future(nemesis.decide(entry(ONE)))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(nemesis.decide(entry(CLOSING, number=2)))
    sender.sent.set()
    with pytest.raises(RuntimeError, match="no server"):
        await held
    assert await closing == "go"
