"""Each fault meets what it is to, as often as it lasts, and the tape tells what the worker heard instead."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from harness.doors.decision import Decision, Refusal
from harness.doors.http.answer import CLOSED, RESET, SILENT, Answer, json_answer
from harness.faults import Fault
from harness.records.act_facts import FaultHealed, FaultMade
from harness.records.facts import NO_FACTS
from harness.records.message_facts import HttpCall, HttpReply, MadeUpReply, NotDelivered
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry, acts
from harness.trial.nemesis import Struck
from tests.unit.trial.test_nemesis import LIMIT, ONE, TWO, Play, entry, kill, kinds

MODEL = Point(position="before", door="model", operation="ask", workflow="A", subject="book", execution=1, attempt=1)
REFUSED = Refusal("UNAVAILABLE", "refused")


class Deciding:
    """Powers that only decide: of each fault what the test says, at once or when it lets them."""

    def __init__(self, *decisions: Decision) -> None:
        self.struck: list[tuple[str, int]] = []
        self.spared: set[int] = set()
        self.may_decide = asyncio.Event()
        self.may_decide.set()
        self._decisions = list(decisions)

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        self.struck.append((fault.name, entry.message))
        decision = self._decisions[0] if len(self._decisions) == 1 else self._decisions.pop(0)
        return Struck(decision=decision if self.may_decide.is_set() else self._later(decision))

    def spares(self, worker: int) -> bool:
        return worker in self.spared

    async def _later(self, decision: Decision) -> Decision:
        await self.may_decide.wait()
        return decision


def strike(fault: str, point: Point = ONE) -> Plan:
    return Plan((Strike(fault, point.id),))


async def test_a_fault_that_is_made_once_meets_the_same_message_only_once() -> None:
    powers = Deciding(REFUSED)
    nemesis = Play(strike("unavailable-once"), striker=powers)
    decisions = [await nemesis.decide(entry(replace(ONE, occurrence=number), number=number)) for number in (1, 2)]
    assert decisions == [REFUSED, "go"]
    assert powers.struck == [("unavailable-once", 1)]
    assert kinds(nemesis) == ["request", "strike", "dropped", "request"]


async def test_a_fault_that_lasts_meets_the_same_message_so_many_times_and_is_healed() -> None:
    powers = Deciding(REFUSED)
    nemesis = Play(strike("unavailable-until-healed"), striker=powers)
    tries = [ONE, replace(ONE, attempt=2), replace(ONE, attempt=2, occurrence=2), replace(ONE, attempt=3)]
    decisions = [await nemesis.decide(entry(point, number=number)) for number, point in enumerate(tries, 1)]
    assert decisions == [REFUSED, REFUSED, REFUSED, "go"]
    assert powers.struck == [("unavailable-until-healed", number) for number in (1, 2, 3)]
    assert kinds(nemesis) == [
        *("request", "strike", "dropped"),
        *("request", "hit", "dropped"),
        *("request", "hit", "heal", "dropped"),
        "request",
    ]
    met = [told for told in nemesis.tape.entries if told.operation in ("strike", "hit")]
    assert [told.facts for told in met] == [
        FaultMade(fault="unavailable-until-healed", point=point.id) for point in tries[:3]
    ]
    assert {told.worker for told in met} == {1}
    assert [told.facts for told in acts(nemesis.tape.entries, "heal")] == [
        FaultHealed(fault="unavailable-until-healed")
    ]


async def test_a_fault_that_is_healed_later_meets_no_other_message_meanwhile() -> None:
    powers = Deciding(REFUSED)
    nemesis = Play(strike("unavailable-until-healed"), striker=powers)
    assert await nemesis.decide(entry(ONE)) == REFUSED
    for point in (TWO, TWO.at("after"), ONE.at("after"), replace(ONE, subject="other"), None):
        assert await nemesis.decide(entry(point, number=2)) == "go"
    assert await nemesis.decide(entry(ONE, number=3)) == REFUSED
    assert len(powers.struck) == 2


async def test_a_fault_that_is_never_healed_meets_every_message_of_its_doors_from_then_on() -> None:
    powers = Deciding(RESET)
    nemesis = Play(strike("model-outage", MODEL), striker=powers)
    other = replace(MODEL, subject="mail", execution=7)
    assert await nemesis.decide(entry(other)) == "go"
    for number, point in enumerate([MODEL, other, *[replace(MODEL, attempt=number) for number in range(2, 12)]]):
        assert await nemesis.decide(entry(point, number=number, worker=1 + number % 2)) == RESET
    for point in (ONE, MODEL.at("after"), replace(MODEL, door="effect")):
        assert await nemesis.decide(entry(point)) == "go"
    assert [name for name, _ in powers.struck] == ["model-outage"] * 12
    acted = [told.operation for told in nemesis.tape.entries if told.kind == "act"]
    assert acted == ["strike"] + ["hit"] * 11


async def test_a_lasting_fault_ends_with_the_trial() -> None:
    nemesis = Play(strike("model-outage", MODEL), striker=Deciding(RESET))
    await nemesis.decide(entry(MODEL))
    await nemesis.finish()
    assert await nemesis.decide(entry(MODEL)) == "go"


async def test_what_is_refused_before_is_never_executed_and_after_never_heard() -> None:
    before = Play(strike("unavailable-once"), striker=Deciding(REFUSED))
    assert await before.decide(entry(ONE, number=7)) == REFUSED
    assert [(told.kind, told.message, told.status) for told in before.tape.entries if told.kind != "act"] == [
        ("request", 7, ""),
        ("dropped", 7, "UNAVAILABLE"),
    ]
    after = Play(strike("reply-lost", ONE.at("after")), striker=Deciding(REFUSED))
    await after.decide(entry(ONE, number=7))
    assert await after.decide(replace(entry(ONE.at("after"), number=7), status="OK")) == REFUSED
    assert [(told.kind, told.message, told.status) for told in after.tape.entries if told.kind != "act"] == [
        ("request", 7, ""),
        ("reply", 7, "OK"),
        ("dropped", 7, "UNAVAILABLE"),
    ]
    assert after.tape.entries[-1].facts == NotDelivered(injected="reply-lost")
    assert (after.tape.entries[-1].door, after.tape.entries[-1].operation, after.tape.entries[-1].worker) == (
        "wire",
        "One",
        1,
    )


async def test_an_answer_in_place_of_the_models_is_on_the_tape_as_the_worker_hears_it() -> None:
    answer = json_answer({"error": {"code": "rate"}}, status=429, headers={"retry-after": "3"})
    nemesis = Play(strike("model-429-seconds", MODEL), striker=Deciding(answer))
    asked = replace(entry(MODEL, number=4), run_id="r", activity_id="1", facts=HttpCall(body={"x": 1}))
    assert await nemesis.decide(asked) == answer
    told = nemesis.tape.entries[-1]
    assert kinds(nemesis) == ["request", "strike", "reply"]
    assert (told.kind, told.status, told.message, told.point) == ("reply", "429", 4, MODEL.at("after"))
    assert (told.door, told.worker, told.run_id, told.activity_id) == ("model", 1, "r", "1")
    assert told.facts == MadeUpReply(
        answer={"error": {"code": "rate"}},
        headers={"content-type": "application/json", "retry-after": "3"},
        injected="model-429-seconds",
    )
    assert nemesis.tape.entries[0].facts == HttpCall(body={"x": 1})


@pytest.mark.parametrize("answer", [RESET, SILENT, CLOSED], ids=lambda answer: answer.delivery)
async def test_an_answer_that_never_comes_is_dropped(answer: Answer) -> None:
    nemesis = Play(strike("model-reset", MODEL), striker=Deciding(answer))
    assert await nemesis.decide(entry(MODEL, number=4)) == answer
    told = nemesis.tape.entries[-1]
    assert (told.kind, told.message, told.status, told.facts) == (
        "dropped",
        4,
        "",
        NotDelivered(injected="model-reset"),
    )


async def test_of_an_answer_cut_short_the_tape_has_the_whole_and_what_was_heard() -> None:
    nemesis = Play(strike("model-truncated", MODEL.at("after")), striker=Deciding(Answer(body=b'{"choi')))
    await nemesis.decide(entry(MODEL, number=4))
    await nemesis.decide(
        replace(entry(MODEL.at("after"), number=4), status="200", facts=HttpReply(answer={"choices": []}))
    )
    assert [(told.kind, told.status, told.facts) for told in nemesis.tape.entries if told.kind != "act"] == [
        ("request", "", NO_FACTS),
        ("reply", "200", HttpReply(answer={"choices": []})),
        ("dropped", "200", NotDelivered(injected="model-truncated", heard='{"choi')),
    ]


async def test_an_effect_whose_answer_is_lost_was_executed() -> None:
    effect = replace(MODEL, door="effect", operation="pay").at("after")
    nemesis = Play(strike("effect-reply-lost", effect), striker=Deciding("drop"))
    assert await nemesis.decide(entry(effect.at("before"), number=2)) == "go"
    assert await nemesis.decide(entry(effect, number=2)) == "drop"
    assert kinds(nemesis) == ["request", "reply", "strike", "dropped"]
    assert nemesis.tape.entries[-1].facts == NotDelivered(injected="effect-reply-lost")


async def test_a_message_is_held_until_what_becomes_of_it_is_known() -> None:
    powers = Deciding(REFUSED)
    nemesis = Play(strike("kill-server"), striker=powers)
    powers.may_decide.clear()
    deciding = asyncio.create_task(nemesis.decide(entry(ONE)))
    async with asyncio.timeout(LIMIT):
        assert await nemesis.tape.until(lambda told: told.operation == "strike", timeout=LIMIT)
        assert not deciding.done()
        powers.may_decide.set()
        assert await deciding == REFUSED
    assert kinds(nemesis) == ["request", "strike", "dropped"]


async def test_two_strikes_of_different_faults_are_made_one_after_the_other() -> None:
    plan = Plan((Strike("model-429", MODEL.id), Strike("unavailable-until-healed", ONE.id)))
    powers = Deciding(RESET, REFUSED, REFUSED, REFUSED)
    nemesis = Play(plan, striker=powers)
    assert await nemesis.decide(entry(ONE, number=1)) == "go"
    assert await nemesis.decide(entry(MODEL, number=2)) == RESET
    assert [await nemesis.decide(entry(ONE, number=number)) for number in (3, 4, 5, 6)] == [REFUSED] * 3 + ["go"]
    assert [name for name, _ in powers.struck] == ["model-429"] + ["unavailable-until-healed"] * 3
    assert [told.fault for told in acts(nemesis.tape.entries, "strike")] == ["model-429", "unavailable-until-healed"]


async def test_the_second_strike_meets_what_the_first_fault_still_lasts_on_only_when_that_is_healed() -> None:
    powers = Deciding(RESET, RESET, "drop")
    nemesis = Play(
        Plan((Strike("model-500-until-healed", MODEL.id), Strike("kill-worker", MODEL.place))), striker=powers
    )
    decisions = [await nemesis.decide(entry(replace(MODEL, attempt=number))) for number in (1, 2, 3, 4)]
    assert decisions == [RESET, RESET, "drop", "go"]
    assert [name for name, _ in powers.struck] == ["model-500-until-healed", "model-500-until-healed", "kill-worker"]


async def test_a_zombie_is_not_struck_and_its_messages_are_on_the_tape() -> None:
    powers = Deciding("drop")
    nemesis = Play(kill(ONE.id), striker=powers)
    powers.spared.add(1)
    assert await nemesis.decide(entry(ONE, worker=1)) == "go"
    assert await nemesis.decide(entry(ONE, worker=2)) == "drop"
    assert kinds(nemesis) == ["request", "request", "strike", "dropped"]


async def test_what_changes_an_answer_waits_for_one_that_is_no_error() -> None:
    powers, answer = Deciding("go"), MODEL.at("after")
    nemesis = Play(strike("model-null-text", answer), striker=powers)
    for number, status in ((1, "503"), (2, "200")):
        await nemesis.decide(replace(entry(answer, number=number), status=status))
    assert powers.struck == [("model-null-text", 2)]
