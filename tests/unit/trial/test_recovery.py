"""What a lost worker process had in hand is let go at once, in the order that lets nothing slip through."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from harness.records.tape import Entry
from harness.servers.pending import RunOnServer
from harness.trial.recovery import BackgroundRecovery, Recovery
from harness.trial.registry import WorkerRegistry

LIMIT = 120.0


class Parts:
    """Stands for attribution, long polls and acceleration, and keeps what they are asked, in order."""

    def __init__(self, error: Exception | None = None) -> None:
        self.done: list[Any] = []
        self.runs: dict[str, Any] = {}
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._error = error

    def cut_off(self, worker: int) -> None:
        self.done.append(("cut off", worker))

    def worker_died(self, worker: int) -> None:
        self.done.append(("died", worker))

    def in_hand(self) -> set[tuple[str, str, int]]:
        return set()

    async def recover(self, *, executions: Any, worker: int) -> None:
        await self.may_end.wait()
        if self._error:
            raise self._error
        self.done.append(("accelerated", worker))

    async def recover_unheard(self, *, executions: Any, in_hand: Any, worker: int) -> None:
        self.done.append(("unheard", worker))

    async def recover_activity(self, **what: Any) -> None:
        self.done.append(what)


def recovery(parts: Any, *, workers: WorkerRegistry | None = None, accelerates: bool = True) -> Recovery:
    return Recovery(
        parts,
        workers=workers or WorkerRegistry(),
        long_polls=parts,
        acceleration=parts if accelerates else None,
    )


async def test_polls_end_before_tasks_are_let_go_and_timeouts_happen() -> None:
    parts = Parts()
    await recovery(parts).recover(3)
    assert parts.done == [("cut off", 3), ("died", 3), ("accelerated", 3)]


async def test_a_zombie_keeps_what_it_has_in_hand() -> None:
    parts, workers = Parts(), WorkerRegistry()
    workers.next_number()
    workers.pause_now()
    await recovery(parts, workers=workers).recover(1)
    assert parts.done == [("cut off", 1), ("accelerated", 1)]


async def test_in_real_time_the_server_is_left_alone() -> None:
    parts = Parts()
    slow = recovery(parts, accelerates=False)
    await slow.recover(1)
    await slow.recover_unheard(1)
    await slow.recover_task(Entry(at=0, kind="request", operation="One"))
    assert parts.done == [("cut off", 1), ("died", 1)]


async def test_one_task_and_all_unheard_tasks_can_be_freed() -> None:
    parts = Parts()
    lost = Entry(at=0, kind="reply", operation="Poll", workflow_id="w", run_id="r", activity_id="7", worker=2)
    await recovery(parts).recover_task(lost, running=True)
    await recovery(parts).recover_unheard(2)
    what = {"run": RunOnServer("w", "r"), "activity_id": "7", "worker": 2, "running": True}
    assert parts.done == [what, ("unheard", 2)]


async def test_in_the_background_only_timeouts_are_waited_for_by_nobody() -> None:
    parts, failures = Parts(), []
    parts.may_end.clear()
    async with asyncio.timeout(LIMIT), BackgroundRecovery(recovery(parts), failed=failures.append) as background:
        await background.recover(1)
        assert parts.done == [("cut off", 1), ("died", 1)]
        parts.may_end.set()
        while len(parts.done) < 3:
            await asyncio.sleep(0)
    assert failures == []


async def test_in_the_background_a_server_that_is_gone_is_said() -> None:
    metadata = grpc.aio.Metadata()
    parts = Parts(grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, metadata, metadata, details="gone"))
    failures: list[str] = []
    async with asyncio.timeout(LIMIT), BackgroundRecovery(recovery(parts), failed=failures.append) as background:
        await background.recover(1)
        while not failures:
            await asyncio.sleep(0)
    assert failures == [
        "the timeouts of the killed worker process are waited for, since they could not be hastened: gone"
    ]


@pytest.mark.parametrize("times", [1, 2])
async def test_what_is_still_recovered_at_the_end_is_given_up(times: int) -> None:
    parts = Parts()
    parts.may_end.clear()
    async with asyncio.timeout(LIMIT), BackgroundRecovery(recovery(parts), failed=print) as background:
        for _ in range(times):
            await background.recover(1)
    assert ("accelerated", 1) not in parts.done
