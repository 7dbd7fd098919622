"""Turns: as many trials at a time as allowed, and some in quiet while no other runs."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace

import pytest

from harness.sweeps.turns import Turns


async def test_those_in_quiet_begin_when_no_other_runs_or_waits_and_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    turns, running, ends = Turns(3), set[str](), {name: asyncio.Event() for name in "abcdqrs"}

    async def trial(name: str) -> None:
        async with turns.in_quiet(name) if name in "qrs" else turns.one(name):
            running.add(name)
            await ends[name].wait()
        running.discard(name)

    async def after(*ended: str, begin: str = "") -> set[str]:
        tasks.extend([asyncio.create_task(trial(name)) for name in begin])
        for name in ended:
            ends[name].set()
        await _settled()
        return running

    tasks: list[asyncio.Task[None]] = []
    assert await after(begin="abqcrs") == {"a", "b", "c"}
    assert await after("a", "b") == {"c"}
    assert await after("c") == {"q", "r"}
    assert await after(begin="d") == {"q", "r"}
    assert await after("q") == {"r"}  # d waits for those that run, and s for d
    assert await after("r") == {"d"}
    assert await after("d") == {"s"}
    assert await after("s") == set()
    await asyncio.gather(*tasks)


async def test_in_quiet_those_that_others_wait_for_come_first_and_all_before_what_they_lead_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    turns, began = Turns(3), list[str]()

    async def trial(name: str, *, then: str = "") -> None:
        quiet = turns.in_quiet(name, leads=then != "") if name in "qrst" else turns.one(name)
        async with quiet:
            began.append(name)
            await _settled()
        if then:
            await trial(then)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for name, then in (("a", ""), ("q", ""), ("r", "b"), ("s", "c"), ("t", "d")):
            group.create_task(trial(name, then=then))
    assert began[:4] == ["a", "r", "s", "t"]
    assert (sorted(began[4:7]), began[7:]) == (["b", "c", "d"], ["q"])


async def test_as_many_more_run_in_quiet_as_only_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    turns, running, ends = Turns(4, most=4), list[str](), {name: asyncio.Event() for name in "abqrst"}

    async def trial(name: str) -> None:
        async with turns.in_quiet(name, trial=name) if name in "qrst" else turns.one(name, trial=name):
            running.append(name)
            await ends[name].wait()

    async def after(only_wait: str) -> list[str]:
        turns.only_wait(only_wait)
        await _settled()
        return running

    tasks = [asyncio.create_task(trial(name)) for name in "abqrst"]
    assert await after("") == ["a", "b"]
    assert await after("a") == ["a", "b"]
    assert await after("ab") == ["a", "b", "q"]
    assert await after("abq") == ["a", "b", "q", "r"]
    assert await after("bqr") == ["a", "b", "q", "r"]  # one beside others is at work again
    ends["a"].set()
    assert await after("bqr") == ["a", "b", "q", "r", "s"]
    assert await after("") == ["a", "b", "q", "r", "s"]
    for end in ends.values():
        end.set()
    await asyncio.gather(*tasks)


async def test_one_that_gives_up_waiting_for_quiet_keeps_nobody_waiting() -> None:
    turns = Turns(2)
    async with turns.one("trial"):
        waiting = asyncio.create_task(_in_quiet(turns))
        beside = asyncio.create_task(_one(turns))
        await _settled()
        waiting.cancel()
        await asyncio.gather(waiting, beside, return_exceptions=True)
    async with turns.in_quiet("trial"):
        waiting = asyncio.create_task(_one(turns))
        await _settled()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(120):
        await _in_quiet(turns)
        await _one(turns)


async def _in_quiet(turns: Turns) -> None:
    async with turns.in_quiet("trial"):
        pass


async def _one(turns: Turns) -> None:
    async with turns.one("trial"):
        pass


async def test_what_is_waited_for_is_named_the_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(10)
    monkeypatch.setattr("harness.sweeps.turns.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    turns = Turns(3)
    assert turns.waited_for() == []
    async with turns.one("first", trial="1"), turns.one("second", trial="2"), turns.one("second"):
        assert turns.waited_for() == ["first (3 s)", "second (2 s)", "second (1 s)"]
        told = turns.waited_for({"1": "", "2": "charge 1", "": ""}.__getitem__)
        assert told == ["first (4 s)", "second (3 s): charge 1", "second (2 s)"]
        async with turns.one_at_a_time("7233").one("alone"):
            assert turns.waited_for()[-1] == "alone (1 s)"
    assert turns.under_way == []


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
    quiet = asyncio.create_task(_in_quiet(turns))
    ends.set()
    async with asyncio.timeout(120):
        await asyncio.gather(*tasks, quiet)


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
