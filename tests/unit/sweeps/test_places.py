"""Places: so many sweeps at a time, and more while some of them wait for quiet."""

from __future__ import annotations

import asyncio

import pytest

from harness.sweeps import places
from harness.sweeps.places import SweepPlaces


@pytest.fixture(autouse=True)
def _two_and_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr(places, "_UNDER_WAY", 2)
    monkeypatch.setattr(places, "_LEFT", 1)


class Sweeps:
    """Sweeps by name; each waits for quiet once it may, and goes on after that until it may end."""

    def __init__(self) -> None:
        self.places = SweepPlaces()
        self.at_work = set[str]()
        self.in_quiet = set[str]()
        self.wait_for_quiet = {name: asyncio.Event() for name in "abcd"}
        self.go_on = {name: asyncio.Event() for name in "abcd"}
        self.end = {name: asyncio.Event() for name in "abcd"}
        self.tasks = [asyncio.create_task(self._sweep(name)) for name in "abcd"]

    async def _sweep(self, name: str) -> None:
        async with self.places.one():
            self.at_work.add(name)
            await self.wait_for_quiet[name].wait()
            async with self.places.left():
                self.at_work.remove(name)
                self.in_quiet.add(name)
                await self.go_on[name].wait()
            self.in_quiet.remove(name)
            self.at_work.add(name)
            await self.end[name].wait()
            self.at_work.remove(name)

    async def seen(self) -> tuple[set[str], set[str]]:
        for _ in range(20):
            await asyncio.sleep(0)
        return self.at_work, self.in_quiet


async def test_one_that_waits_for_quiet_lets_another_begin_and_goes_on_when_there_is_a_place() -> None:
    sweeps = Sweeps()
    assert await sweeps.seen() == ({"a", "b"}, set())
    sweeps.wait_for_quiet["a"].set()
    assert await sweeps.seen() == ({"b", "c"}, {"a"})
    sweeps.go_on["a"].set()
    assert await sweeps.seen() == ({"b", "c"}, {"a"})  # d asked first
    for name in "bcd":
        for event in (sweeps.wait_for_quiet, sweeps.go_on, sweeps.end):
            event[name].set()
    assert await sweeps.seen() == ({"a"}, set())
    sweeps.end["a"].set()
    await asyncio.gather(*sweeps.tasks)


async def test_no_more_leave_their_places_than_there_is_room_for() -> None:
    sweeps = Sweeps()
    await sweeps.seen()
    for name in "ab":
        sweeps.wait_for_quiet[name].set()
    assert await sweeps.seen() == ({"c"}, {"a", "b"})  # b keeps its place
    for name in "abcd":
        for event in (sweeps.wait_for_quiet, sweeps.go_on, sweeps.end):
            event[name].set()
    await asyncio.gather(*sweeps.tasks)


async def test_one_that_fails_in_quiet_gives_its_place_back() -> None:
    places = SweepPlaces()

    async def fails() -> None:
        async with places.one(), places.left():
            raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            await fails()
    async with asyncio.timeout(20), places.one(), places.one():
        pass
