"""Turns: as many trials at a time as allowed, and one alone while no other runs."""

from __future__ import annotations

import asyncio

from harness.campaign.turns import Turns


async def test_one_alone_waits_for_those_under_way_and_lets_none_begin() -> None:
    turns, seen = Turns(2), list[str]()
    ends = asyncio.Event()

    async def beside(name: str) -> None:
        async with turns.one("trial"):
            seen.append(f"{name} begins")
            await ends.wait()
            seen.append(f"{name} ends")

    async def alone(name: str) -> None:
        async with turns.alone("trial"):
            seen.append(f"{name} begins alone")
            await asyncio.sleep(0)
            seen.append(f"{name} ends alone")

    running = [asyncio.create_task(beside("a")), asyncio.create_task(beside("b"))]
    await asyncio.sleep(0)
    running += [asyncio.create_task(alone("c")), asyncio.create_task(alone("d"))]
    await asyncio.sleep(0)
    running += [asyncio.create_task(beside("e"))]
    ends.set()
    await asyncio.gather(*running)
    assert seen[:2] == ["a begins", "b begins"]
    for name in ("c", "d"):
        begun = seen.index(f"{name} begins alone")
        assert seen[begun + 1] == f"{name} ends alone"
    assert len(seen) == 10


async def test_one_that_gives_up_gathering_gives_its_turns_back() -> None:
    turns = Turns(2)
    async with turns.one("trial"):
        waiting = asyncio.create_task(_alone(turns))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with turns.one("trial"):
            pass
    async with asyncio.timeout(20):
        await _alone(turns)


async def _alone(turns: Turns) -> None:
    async with turns.alone("trial"):
        pass


async def test_what_is_waited_for_is_named_the_longest_first() -> None:
    turns = Turns(3)
    assert turns.waited_for() == ""
    async with turns.one("first"), turns.one("second"), turns.one("third"):
        assert turns.waited_for() == "first (0 s), second (0 s) and 1 more"
    assert turns.under_way == {}


async def test_a_changed_limit_holds_for_those_that_wait_and_for_those_to_come() -> None:
    turns, ends, running = Turns(3), asyncio.Event(), set[int]()

    async def beside(number: int) -> None:
        async with turns.one(str(number)):
            running.add(number)
            await ends.wait()
        running.discard(number)

    tasks = [asyncio.create_task(beside(number)) for number in range(8)]
    await _settled()
    assert (running, turns.all_taken) == ({0, 1, 2}, True)
    turns.change(5)
    await _settled()
    assert running == {0, 1, 2, 3, 4}
    turns.change(2)
    assert turns.limit == 2
    ends.set()
    await asyncio.gather(*tasks)
    ends.clear()
    tasks = [asyncio.create_task(beside(number)) for number in range(4)]
    await _settled()
    assert running == {0, 1}
    turns.change(1)
    alone = asyncio.create_task(_alone(turns))
    ends.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks, alone)


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
