"""The live tape can be waited on: for a change, for an entry, for an answer; and it keeps what went wrong first."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from harness.trial.live_tape import LiveTape
from tests.unit.trial.test_nemesis import LIMIT, ONE, entry


def test_it_knows_what_is_not_answered() -> None:
    tape = LiveTape()
    assert not tape.unanswered("One")
    tape.put(entry(ONE, number=1))
    tape.put(entry(ONE, number=2))
    tape.put(entry(ONE.at("after"), number=2))
    assert tape.unanswered("One")
    assert not tape.unanswered("Two")
    tape.put(replace(entry(ONE.at("after")), message=1))
    assert not tape.unanswered("One")


async def test_it_waits_for_an_entry_and_says_whether_it_came() -> None:
    tape = LiveTape()
    assert not await tape.until(lambda seen: seen.operation == "over", timeout=0.01)
    waiting = asyncio.create_task(tape.until(lambda seen: seen.operation == "over", timeout=LIMIT))
    await asyncio.sleep(0)
    tape.note("start")
    tape.note("over")
    async with asyncio.timeout(LIMIT):
        assert await waiting


async def test_an_act_is_an_entry_of_no_door() -> None:
    tape = LiveTape()
    tape.note("over", worker=2)
    (act,) = tape.entries
    assert (act.kind, act.door, act.operation, act.worker, act.point) == ("act", "", "over", 2, None)


async def test_the_first_failure_counts_and_wakes_who_waits() -> None:
    tape = LiveTape()
    waiting = asyncio.create_task(tape.changed(timeout=LIMIT))
    await asyncio.sleep(0)
    first = ValueError("first")
    tape.fail(first)
    tape.fail(ValueError("second"))
    async with asyncio.timeout(LIMIT):
        await waiting
    assert tape.failure is first
