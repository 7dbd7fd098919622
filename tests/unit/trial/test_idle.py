"""Work waits for somebody, for a timer that nobody lives to see, or for nothing: something of it is under way."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from harness.trial.idle import NOBODY, wait_until_idle, waits_for_somebody
from harness.trial.live_tape import LiveTape
from tests.waiting import LIMIT, until_async


class Server:
    """Stands for the frontend: a workflow with these timers open, and so many activities."""

    def __init__(self, *timers: str, activities: int = 0, closed: bool = False) -> None:
        self._timers = timers
        self._activities = activities
        self._closed = closed
        self.looks = 0

    async def call(self, operation: str, **fields: Any) -> DescribeWorkflowExecutionResponse:
        self.looks += 1
        described = DescribeWorkflowExecutionResponse(
            pending_activities=[{}] * self._activities  # type: ignore[list-item]
        )
        if self._closed:
            described.workflow_execution_info.close_time.GetCurrentTime()
        return described

    async def history(self, *, workflow_id: str, run_id: str) -> list[dict[str, Any]]:
        started = enumerate(self._timers)
        return [{"timerStartedEventAttributes": {"timerId": str(n), "startToFireTimeout": t}} for n, t in started]


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.trial.idle._LOOK_EVERY", 0.01)


async def waits_for(server: Server, *, timers_end: bool = True, longest: float = 120.0, seconds: float = 0.02) -> str:
    waiting = wait_until_idle(
        server,  # type: ignore[arg-type]
        ["w"],
        tape=LiveTape(),
        seconds=seconds,
        timers_end=timers_end,
        longest=longest,
    )
    async with asyncio.timeout(LIMIT):
        return await waiting


async def test_nobody_is_waited_for_while_the_news_of_the_close_is_on_its_way() -> None:
    closed: Any = Server(closed=True)
    waiting = wait_until_idle(closed, ["w"], tape=LiveTape(), seconds=0.02, timers_end=True, closed=LIMIT)
    task = asyncio.create_task(waiting)
    await until_async(lambda: closed.looks > 10, "it was looked at again and again")
    assert not task.done()
    task.cancel()
    assert await waits_for(Server(closed=True)) == NOBODY


async def test_somebody_is_waited_for_where_nothing_is_open() -> None:
    assert await waits_for(Server()) == NOBODY
    assert await waits_for(Server("60s"), timers_end=False) == NOBODY


async def test_a_timer_that_fires_too_late_is_told() -> None:
    assert await waits_for(Server("7200s")) == "it waits for a timer of 2:00:00"


@pytest.mark.parametrize(
    "server", [Server("60s"), Server("60s", "7200s"), Server(activities=1), Server("7200s", activities=1)]
)
async def test_what_is_under_way_is_waited_for(server: Server) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await waits_for(server)


@pytest.mark.parametrize("activities", [0, 1])
async def test_that_the_machine_stood_still_is_no_wait(activities: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands still for an hour at each look at the clock."""
    hours = itertools.count(step=3600.0)
    monkeypatch.setattr("harness.trial.idle.time", SimpleNamespace(monotonic=lambda: next(hours)))
    server = Server(activities=activities)
    waiting = asyncio.create_task(waits_for(server, seconds=7.5))
    await until_async(lambda: server.looks > 9 or waiting.done(), "it looks again")
    if activities:
        assert not waiting.done()
        waiting.cancel()
    else:
        assert await waiting == NOBODY
        assert server.looks == 9


@pytest.mark.parametrize(
    ("server", "waits"),
    [(Server(), True), (Server("7200s"), True), (Server(closed=True), False)],
    ids=["for somebody", "for somebody, or a timer", "closed"],
)
async def test_work_waits_for_somebody_until_it_has_closed(server: Server, waits: bool) -> None:
    async with asyncio.timeout(LIMIT):
        found = await waits_for_somebody(server, "w", tape=LiveTape(), seconds=0.02)  # type: ignore[arg-type]
    assert found is waits
