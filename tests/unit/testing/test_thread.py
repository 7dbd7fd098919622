"""The thread of the fixtures: it serves tests that wait, that await, and that forget to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from harness.errors import RigError, UsageError
from harness.testing.thread import Calls, RigThread
from tests.waiting import LIMIT


@pytest.fixture
def thread() -> Iterator[RigThread]:
    thread = RigThread()
    yield thread
    thread.close()
    assert "crashproof" not in [each.name for each in threading.enumerate()]


async def where() -> str:
    return threading.current_thread().name


def test_a_synchronous_caller_waits(thread: RigThread) -> None:
    assert thread.wait(where()) == "crashproof"


async def test_an_asynchronous_caller_awaits(thread: RigThread) -> None:
    calls = Calls(thread)
    assert await calls.make("where()", where) == "crashproof"
    assert calls.forgotten() == []


async def test_calls_run_side_by_side_as_tasks(thread: RigThread) -> None:
    calls = Calls(thread)
    first, second = asyncio.create_task(calls.make("a()", where)), calls.make("b()", where)
    assert {*await asyncio.gather(first, second)} == {"crashproof"}
    assert calls.forgotten() == []


async def test_a_forgotten_call_is_told_once(thread: RigThread) -> None:
    calls = Calls(thread)
    for _ in range(2):
        _ = calls.make("kill()", where)
    assert calls.forgotten() == ["kill()"]


def test_a_synchronous_call_is_refused(thread: RigThread) -> None:
    calls = Calls(thread)
    with pytest.raises(UsageError, match=r"`async def`.*`await kill\(\)`"):
        _ = calls.make("kill()", where)
    assert calls.forgotten() == []


async def test_an_error_comes_without_the_frames_of_the_thread(thread: RigThread) -> None:
    async def fails() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(raises())

    async def raises() -> None:
        raise RigError("it did not start")

    with pytest.raises(RigError, match="it did not start") as raised:
        await Calls(thread).make("start()", fails)
    assert "raises" not in [frame.name for frame in raised.traceback]


def test_closing_cancels_what_is_under_way_and_lets_it_clean_up() -> None:
    thread, ended = RigThread(), []
    begun = threading.Event()

    async def long() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(long())

    task = thread.wait(begin())
    assert begun.wait(LIMIT)
    thread.close()
    assert ended == [True]
    assert task.cancelled()
