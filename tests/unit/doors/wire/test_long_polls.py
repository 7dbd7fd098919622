"""The long polls of one worker process end, and those of the others go on."""

from __future__ import annotations

import asyncio

from harness.doors.wire.long_polls import LongPolls


async def test_those_of_a_dead_worker_process_end() -> None:
    polls = LongPolls()
    dead, other = (asyncio.create_task(asyncio.sleep(600)) for _ in range(2))
    polls.add(dead, worker=1)
    polls.add(other, worker=2)
    polls.cut_off(1)
    await asyncio.wait({dead})
    assert dead.cancelled()
    assert not other.done()
    polls.end()
    await asyncio.wait({other})
    assert other.cancelled()


async def test_one_that_is_answered_is_known_no_more() -> None:
    polls = LongPolls()
    answered = asyncio.create_task(asyncio.sleep(0))
    polls.add(answered, worker=1)
    assert len(polls) == 1
    await answered
    await asyncio.sleep(0)
    assert len(polls) == 0
