"""The nemesis lets messages go, strikes exactly where the plan says, and drops what a dead process still sends."""

from __future__ import annotations

import asyncio
import time

import pytest

from harness.doors.decision import Decision, Refusal
from harness.errors import RigError
from harness.faults import Fault
from harness.records.act_facts import FaultHealed, FaultMade, Lag
from harness.records.lag import lag_of
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry, Kind, acts
from harness.trial.live_tape import LiveTape
from harness.trial.nemesis import Listener, Nemesis, Striker, Struck
from harness.trial.registry import WorkerRegistry

LIMIT = 120.0
ONE = Point(position="before", door="wire", operation="One", workflow="A", attempt=1)
TWO = Point(position="before", door="wire", operation="Two", workflow="A", attempt=1)


@pytest.fixture(autouse=True)
def _machine_is_never_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is put on the tape because this machine kept a test waiting."""
    monkeypatch.setattr("harness.trial.nemesis._LEAST_HELD", 3600.0)


class Worker:
    """Powers over a worker process that dies at once and is started again when the test lets it."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        self.number = 1
        self.killed: list[int] = []
        self.may_start = asyncio.Event()
        self.started = asyncio.Event()
        self._failure = failure

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        self.killed.append(self.number)
        return Struck(decision="drop", dead=self.number, healing=self.start_again())

    def spares(self, worker: int) -> bool:
        return False

    async def start_again(self) -> None:
        await self.may_start.wait()
        if self._failure:
            raise self._failure
        self.number += 1
        self.started.set()


class Play:
    """A nemesis with its tape and its worker processes."""

    def __init__(self, plan: Plan, *, striker: Striker | None = None, listen: Listener | None = None) -> None:
        self.tape = LiveTape()
        self.workers = WorkerRegistry()
        nemesis = Nemesis(plan, tape=self.tape, workers=self.workers, striker=striker or Worker(), listen=listen)
        self.decide = nemesis.decide
        self.lose = nemesis.lose
        self.whole = nemesis.whole
        self.finish = nemesis.finish


def entry(point: Point | None, *, number: int = 1, worker: int = 1) -> Entry:
    kind: Kind = "reply" if point and point.position == "after" else "request"
    operation = point.operation if point else "GetSystemInfo"
    door = point.door if point else "wire"
    return Entry(at=time.time(), kind=kind, door=door, operation=operation, message=number, worker=worker, point=point)


def kill(*points: str) -> Plan:
    return Plan(tuple(Strike("kill-worker", point) for point in points))


def kinds(nemesis: Play) -> list[str]:
    return [found.kind if found.kind != "act" else found.operation for found in nemesis.tape.entries]


async def test_without_a_plan_everything_goes_and_is_on_the_tape() -> None:
    nemesis = Play(Plan(), striker=Worker())
    for point in (ONE, ONE.at("after"), None):
        assert await nemesis.decide(entry(point)) == "go"
    assert kinds(nemesis) == ["request", "reply", "request"]


@pytest.mark.parametrize("pattern", [ONE.id, ONE.place, "before/One/*"])
async def test_it_strikes_at_the_point_and_only_once(pattern: str) -> None:
    worker = Worker()
    nemesis = Play(kill(pattern), striker=worker)
    assert await nemesis.decide(entry(TWO)) == "go"
    assert await nemesis.decide(entry(ONE, number=2)) == "drop"
    assert worker.killed == [1]
    worker.may_start.set()
    async with asyncio.timeout(LIMIT):
        await worker.started.wait()
    assert await nemesis.decide(entry(ONE, number=3, worker=2)) == "go"
    assert kinds(nemesis) == ["request", "request", "strike", "dropped", "heal", "request"]
    assert nemesis.tape.entries[2].facts == FaultMade(fault="kill-worker", point=ONE.id)


async def test_what_the_dead_process_still_sends_is_dropped() -> None:
    nemesis = Play(kill(ONE.id), striker=Worker())
    await nemesis.decide(entry(ONE))
    assert await nemesis.decide(entry(TWO, number=2)) == "drop"
    assert await nemesis.decide(entry(None, number=3)) == "drop"
    assert await nemesis.decide(entry(TWO, number=4, worker=0)) == "go"
    await nemesis.finish()


async def test_an_answer_that_a_dead_process_never_hears_is_on_the_tape_as_executed() -> None:
    nemesis = Play(kill(ONE.id), striker=Worker())
    await nemesis.decide(entry(TWO))
    await nemesis.decide(entry(ONE, number=2))
    assert await nemesis.decide(entry(TWO.at("after"))) == "drop"
    assert [(found.kind, found.message) for found in nemesis.tape.entries[-2:]] == [("reply", 1), ("dropped", 1)]
    await nemesis.finish()


@pytest.mark.parametrize(
    ("decision", "status"), [("drop", ""), (Refusal("UNAVAILABLE", "the connection was lost"), "UNAVAILABLE")]
)
async def test_what_travelled_with_an_answer_that_was_struck_is_lost_with_it(decision: Decision, status: str) -> None:
    heard: list[Point] = []

    async def listen(point: Point) -> None:
        heard.append(point)

    nemesis = Play(Plan(), listen=listen)
    beside, struck, further = (entry(TWO.at("after"), number=number) for number in (1, 2, 3))
    await nemesis.decide(beside)
    await nemesis.decide(struck)
    await nemesis.lose([beside, further], decision)
    assert heard == [TWO.at("after")] * 3  # each once: the server has executed them all
    assert [(found.kind, found.message, found.status) for found in nemesis.tape.entries] == [
        ("reply", 1, ""),
        ("reply", 2, ""),
        ("dropped", 1, status),
        ("reply", 3, ""),
        ("dropped", 3, status),
    ]


async def test_strikes_are_made_in_the_order_of_the_plan() -> None:
    worker = Worker()
    nemesis = Play(kill(TWO.id, ONE.id), striker=worker)
    worker.may_start.set()
    assert await nemesis.decide(entry(ONE)) == "go"
    assert await nemesis.decide(entry(TWO)) == "drop"
    async with asyncio.timeout(LIMIT):
        await worker.started.wait()
    assert await nemesis.decide(entry(ONE, worker=2)) == "drop"
    assert worker.killed == [1, 2]


async def test_a_point_is_held_until_the_listener_returns() -> None:
    heard, may_go = [], asyncio.Event()

    async def listen(point: Point) -> None:
        heard.append(point)
        await may_go.wait()

    nemesis = Play(Plan(), listen=listen)
    deciding = asyncio.create_task(nemesis.decide(entry(ONE)))
    async with asyncio.timeout(LIMIT):
        await nemesis.tape.changed(timeout=LIMIT)
    assert not deciding.done()
    may_go.set()
    async with asyncio.timeout(LIMIT):
        assert await deciding == "go"
    assert heard == [ONE]


async def test_a_message_held_while_its_sender_is_struck_is_dropped() -> None:
    may_go = asyncio.Event()

    async def listen(point: Point) -> None:
        if point == TWO:
            await may_go.wait()

    nemesis = Play(kill(ONE.id), listen=listen, striker=Worker())
    held = asyncio.create_task(nemesis.decide(entry(TWO)))
    await asyncio.sleep(0)
    assert await nemesis.decide(entry(ONE, number=2)) == "drop"
    may_go.set()
    async with asyncio.timeout(LIMIT):
        assert await held == "drop"
    await nemesis.finish()


async def test_a_worker_that_cannot_be_started_again_is_told() -> None:
    worker = Worker(failure=RigError("it does not start"))
    nemesis = Play(kill(ONE.id), striker=worker)
    worker.may_start.set()
    await nemesis.decide(entry(ONE))
    async with asyncio.timeout(LIMIT):
        while nemesis.tape.failure is None:
            await nemesis.tape.changed(timeout=0.1)
    assert str(nemesis.tape.failure) == "it does not start"


async def test_once_finished_it_strikes_no_more() -> None:
    worker = Worker()
    nemesis = Play(kill(ONE.id), striker=worker)
    await nemesis.finish()
    assert await nemesis.decide(entry(ONE)) == "go"
    assert worker.killed == []


async def test_finishing_gives_up_healing_and_is_no_failure() -> None:
    worker = Worker()
    nemesis = Play(kill(ONE.id), striker=worker)
    await nemesis.decide(entry(ONE))
    await asyncio.sleep(0)
    await nemesis.finish()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert nemesis.tape.failure is None
    assert not worker.started.is_set()


async def test_it_waits_until_all_is_whole_and_no_longer_than_it_may() -> None:
    worker = Worker()
    nemesis = Play(kill(ONE.id), striker=worker)
    await nemesis.whole(timeout=0)
    await nemesis.decide(entry(ONE))
    await nemesis.whole(timeout=0.05)
    assert list(acts(nemesis.tape.entries, "heal")) == []
    worker.may_start.set()
    async with asyncio.timeout(LIMIT):
        await nemesis.whole(timeout=LIMIT)
    assert [told.facts for told in acts(nemesis.tape.entries, "heal")] == [FaultHealed(fault="kill-worker")]


async def test_all_is_whole_only_when_a_message_on_the_tape_was_let_go_or_struck() -> None:
    worker, may_go = Worker(), asyncio.Event()

    async def listen(point: Point) -> None:
        await may_go.wait()

    nemesis = Play(kill(ONE.id), striker=worker, listen=listen)
    deciding = asyncio.create_task(nemesis.decide(entry(ONE)))
    await asyncio.sleep(0)
    await nemesis.whole(timeout=0.05)
    assert (len(nemesis.tape.entries), worker.killed) == (1, [])
    whole = asyncio.create_task(nemesis.whole(timeout=LIMIT))
    await asyncio.sleep(0)
    assert not whole.done()
    may_go.set()
    worker.may_start.set()
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(whole, deciding)
    assert worker.started.is_set()


async def test_what_was_executed_is_heard_of_though_its_sender_died_before_the_answer() -> None:
    heard = []

    async def listen(point: Point) -> None:
        heard.append(point.id)

    nemesis = Play(Plan(), listen=listen)
    nemesis.workers.declare_dead(1)
    assert await nemesis.decide(entry(ONE)) == "drop"
    assert heard == []
    assert await nemesis.decide(entry(ONE.at("after"))) == "drop"
    assert heard == [ONE.at("after").id]


@pytest.mark.parametrize(("least", "told"), [(-1000.0, True), (1000.0, False)])
async def test_how_long_a_message_was_held_is_put_down_where_it_was_long(
    least: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.trial.nemesis._LEAST_HELD", least)

    async def look(point: Point) -> None:
        await asyncio.sleep(0)

    play = Play(Plan(), listen=look)
    arrived = Entry(at=time.time(), kind="request", operation="One", worker=1, point=ONE)
    assert await play.decide(arrived) == "go"
    lags = [entry.facts_as(Lag) for entry in acts(play.tape.entries, "lag")]
    assert [lag.since for lag in lags if lag] == ([arrived.at] if told else [])
    assert lag_of(play.tape.entries) == 0
