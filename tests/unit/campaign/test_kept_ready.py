"""What is kept ready: started once, ended when too many others were used since, when it failed, or with all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.campaign.kept_ready import MOST, KeptReady

news: list[str] = []


@asynccontextmanager
async def server(name: str) -> AsyncIterator[str]:
    news.append(f"start {name}")
    yield name
    news.append(f"end {name}")


@pytest.fixture(autouse=True)
def _no_news() -> None:
    news.clear()


async def use(ready: KeptReady[str, str], name: str) -> None:
    async with ready.one(name, lambda: server(name)) as started:
        assert started == name


async def test_it_is_started_once_and_ends_with_all() -> None:
    ready = KeptReady[str, str]()
    await use(ready, "a")
    await use(ready, "a")
    assert news == ["start a"]
    await ready.close()
    assert news == ["start a", "end a"]


async def test_the_one_used_longest_ago_ends_first() -> None:
    ready = KeptReady[str, str]()
    names = [str(number) for number in range(MOST)]
    for name in names:
        await use(ready, name)
    await use(ready, "0")
    await use(ready, "more")
    assert news[-1] == "end 1"


async def test_none_ends_while_it_is_used() -> None:
    ready = KeptReady[str, str]()
    async with ready.one("long", lambda: server("long")):
        for number in range(2 * MOST):
            await use(ready, str(number))
        assert "end long" not in news


async def test_one_in_which_something_failed_is_not_used_again() -> None:
    ready = KeptReady[str, str]()
    with pytest.raises(asyncio.CancelledError):
        async with ready.one("a", lambda: server("a")):
            raise asyncio.CancelledError
    await use(ready, "a")
    assert news == ["start a", "end a", "start a"]


async def test_two_that_need_the_same_at_the_same_time_have_the_same() -> None:
    ready = KeptReady[str, str]()
    await asyncio.gather(use(ready, "a"), use(ready, "a"))
    assert news == ["start a"]
