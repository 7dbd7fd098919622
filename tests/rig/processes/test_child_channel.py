"""A child process answers message by message; whatever it does instead, the parent hears of it and ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from harness.processes import tree
from harness.processes.child_channel import ChildChannel, NoAnswerError

CHILD = "tests.rig.processes.answering_child"
LIMIT = 60.0


@pytest_asyncio.fixture
async def channel(tmp_path: Path) -> AsyncIterator[ChildChannel]:
    channel = ChildChannel(CHILD, log=tmp_path / "child.log", memory=512 * 1024**2, longest=1024**2)
    await channel.start()
    yield channel
    await channel.stop()


async def test_messages_of_any_bytes_are_answered_in_their_order(channel: ChildChannel) -> None:
    messages = [b"one", b"two\nlines\n", bytes(range(256)), b"x" * 1024**2]
    assert [await channel.ask(message, limit=LIMIT) for message in messages] == messages
    await channel.send(b"first")
    await channel.send(b"second")
    assert [await channel.receive(limit=LIMIT) for _ in range(2)] == [b"first", b"second"]


async def test_what_the_child_prints_goes_to_its_log_and_its_input_is_empty(channel: ChildChannel) -> None:
    assert await channel.ask(b"print hello", limit=LIMIT) == b"nothing to read"
    assert channel.log_tail() == "hello\n"


async def test_child_that_ends_is_told_with_its_status(channel: ChildChannel) -> None:
    with pytest.raises(NoAnswerError) as raised:
        await channel.ask(b"end 7", limit=LIMIT)
    assert (raised.value.why, raised.value.status) == ("ended", 7)


async def test_child_that_does_not_answer_in_time_is_slow_and_can_be_replaced(channel: ChildChannel) -> None:
    with pytest.raises(NoAnswerError) as raised:
        await channel.ask(b"wait", limit=0.05)
    assert raised.value.why == "slow"
    await channel.stop()
    assert not channel.started
    await channel.start()
    assert await channel.ask(b"again", limit=LIMIT) == b"again"


async def test_answer_that_is_too_long_is_not_read(channel: ChildChannel) -> None:
    with pytest.raises(NoAnswerError) as raised:
        await channel.ask(b"x" * (1024**2 + 1), limit=LIMIT)
    assert raised.value.why == "too long"
    await channel.stop()
    await channel.start()
    assert await channel.ask(b"again", limit=LIMIT) == b"again"


async def test_memory_beyond_the_limit_is_refused_to_the_child(channel: ChildChannel) -> None:
    assert await channel.ask(b"take 1000", limit=LIMIT) == b"1000"
    with pytest.raises(NoAnswerError) as raised:
        await channel.ask(b"take %d" % 1024**3, limit=LIMIT)
    assert raised.value.why == "ended"
    assert "MemoryError" in channel.log_tail()


async def test_stop_kills_the_child_with_what_it_started(channel: ChildChannel) -> None:
    child = psutil.Process(int(await channel.ask(b"start", limit=LIMIT)))
    (below,) = child.children()
    await channel.stop()
    assert not child.is_running()
    await asyncio.to_thread(psutil.wait_procs, [below], timeout=LIMIT)
    assert (seen := tree.look(below.pid)) is None or seen.dead


async def test_channel_that_is_not_started_gives_no_answer() -> None:
    with pytest.raises(NoAnswerError):
        await ChildChannel(CHILD).ask(b"anybody", limit=LIMIT)
