"""Nobody waits for evidence to be written, and yet all of it is, in order, however the work ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from harness.errors import RigError
from harness.sweeps.writing import Writing


async def test_all_is_written_in_order_and_meanwhile_nobody_waits() -> None:
    written: list[int] = []
    go_on = threading.Event()
    async with Writing() as writing:
        writing.write(lambda: (go_on.wait(), written.append(0))[1])
        for number in (1, 2):
            writing.write(lambda number=number: written.append(number))
        assert written == []
        go_on.set()
        await writing.written()
        assert written == [0, 1, 2]
        writing.write(lambda: written.append(3))
    assert written == [0, 1, 2, 3]


async def test_an_interruption_loses_nothing_that_was_asked_for() -> None:
    written: list[int] = []
    go_on, asked = threading.Event(), asyncio.Event()

    async def work() -> None:
        async with Writing() as writing:
            writing.write(lambda: (go_on.wait(), written.append(1))[1])
            asked.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await asked.wait()
    working.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert written == [1]


def full() -> None:
    raise RigError("evidence cannot be written")


async def fill(*, then: Callable[[Writing], Awaitable[None]]) -> None:
    async with Writing() as writing:
        writing.write(full)
        await then(writing)


async def nothing(writing: Writing) -> None:
    """Go on to the end."""


async def another(writing: Writing) -> None:
    with pytest.raises(RigError, match="cannot be written"):
        await writing.written()
    writing.write(lambda: None)
    pytest.fail("it was not said at the next time")


async def fail(writing: Writing) -> None:
    raise ValueError("of the work")


@pytest.mark.parametrize("then", [nothing, another])
async def test_what_cannot_be_written_is_said_at_the_next_time_and_at_the_end(
    then: Callable[[Writing], Awaitable[None]],
) -> None:
    with pytest.raises(RigError, match="cannot be written"):
        await fill(then=then)


async def test_a_failure_of_the_work_itself_is_the_one_that_is_raised() -> None:
    with pytest.raises(ValueError, match="of the work"):
        await fill(then=fail)
