"""As many trials at a time as the machine has room for, never more than asked, and fewer on a busy machine."""

from __future__ import annotations

import asyncio
import resource

import pytest

from harness.sweeps.pace import Machine, keep_pace, next_limit, turns_of
from harness.sweeps.turns import Turns

IDLE, BUSY, LATE = Machine(idle=0.5, late=0.0), Machine(idle=0.05, late=0.01, ready=1.5), Machine(idle=0.5, late=1.0)
CROWDED = Machine(idle=0.0, late=0.05, ready=4.0)


@pytest.mark.parametrize(
    ("limit", "machine", "all_taken", "expected"),
    [
        (6, IDLE, True, 7),
        (6, IDLE, False, 6),
        (6, BUSY, True, 6),
        (6, LATE, True, 5),
        (6, LATE, False, 5),
        (8, IDLE, True, 8),
        (1, LATE, True, 1),
        (2, LATE, True, 2),
        (6, CROWDED, True, 5),
        (4, CROWDED, True, 4),
        (2, CROWDED, True, 2),
        (1, CROWDED, True, 1),
    ],
)
def test_the_machine_says_how_many_trials_run_at_a_time(
    limit: int, machine: Machine, all_taken: bool, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert next_limit(limit, machine, most=8, all_taken=all_taken) == expected


def test_what_the_user_asks_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert (turns_of(jobs=4).limit, turns_of(jobs=4).most) == (4, 0)
    assert (turns_of(jobs=0).limit, turns_of(jobs=0).most) == (6, 16)
    assert (turns_of(jobs=0, shared_by=8).limit, turns_of(jobs=0, shared_by=8).most) == (1, 2)
    asyncio.run(keep_pace(turns_of(jobs=4)))


@pytest.mark.parametrize(("files", "most"), [(1024, 24), (256, 16), (20_000, 64), (resource.RLIM_INFINITY, 64)])
def test_no_more_trials_are_under_way_than_files_may_be_open_for(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr("resource.getrlimit", lambda kind: (files, files))
    assert (turns_of(jobs=0).limit, turns_of(jobs=0).most) == (min(24, most), most)


async def test_idle_processors_get_another_trial_at_once_and_a_crowd_one_fewer_when_it_has_lasted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, limits, idle = Turns(6, most=16), list[int](), [*[0.0] * 9, *[0.5] * 2, *[0.0] * 5]

    def seen(before: object, now: object) -> float:
        limits.append(turns.limit)
        if len(limits) == len(idle):
            pace.cancel()
        return idle[len(limits) - 1]

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("harness.sweeps.pace._LOOK_EVERY", 0.003)
    monkeypatch.setattr("harness.sweeps.pace._LATE", 60.0)
    monkeypatch.setattr("harness.sweeps.pace._ready", lambda: 3.0)
    monkeypatch.setattr("harness.sweeps.pace._idle", seen)
    monkeypatch.setattr(Turns, "all_taken", True)
    pace = asyncio.create_task(keep_pace(turns))
    await asyncio.wait([pace])
    assert limits == [6, 6, 6, 6, 5, 5, 5, 5, 4, 4, 5, 6, 5, 5, 5, 5]


async def test_beside_those_that_only_wait_as_many_more_run_up_to_twice_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.sweeps.pace.next_limit", lambda limit, machine, *, most, all_taken: limit)
    turns, waiting = Turns(2, most=2), {"a", "b", "c"}
    pace = asyncio.create_task(keep_pace(turns, waits=waiting.__contains__))
    async with asyncio.timeout(60), turns.one("first", trial="a"), turns.one("second", trial="b"):
        async with turns.one("third", trial="c"), turns.one("fourth", trial="d"):
            assert turns.limit == 2 * turns.most
            waiting.clear()
        while turns.limit > 2:
            await asyncio.sleep(0.1)
    pace.cancel()


async def test_in_quiet_another_runs_beside_one_that_only_waits_while_the_processors_are_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = [0.1, 0.1, 0.1]
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr("harness.sweeps.pace._LOOK_EVERY", 0.05)
    monkeypatch.setattr("harness.sweeps.pace._idle", lambda before, now: busy.pop() if busy else 0.9)
    turns = Turns(2, most=2)
    pace = asyncio.create_task(keep_pace(turns, waits={"a"}.__contains__))
    async with asyncio.timeout(60), turns.in_quiet("first", trial="a"), turns.in_quiet("second", trial="b"):
        assert busy == []
        third = asyncio.create_task(_in_quiet(turns))
        await asyncio.sleep(0.5)
        assert not third.done()  # the second is at work
    await third
    pace.cancel()


async def _in_quiet(turns: Turns) -> None:
    async with turns.in_quiet("third", trial="c"):
        pass
