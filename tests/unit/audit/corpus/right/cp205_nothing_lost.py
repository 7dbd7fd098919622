"""Work of signals and updates that is always finished: waited for, queued, or given up on purpose."""

import asyncio
from collections import deque
from datetime import datetime, timedelta

from temporalio import activity, workflow
from temporalio.workflow import HandlerUnfinishedPolicy


@activity.defn
async def book(seat: str) -> str:
    return seat


@workflow.defn
class Booking:
    def __init__(self) -> None:
        self._closed = False
        self._confirmed: str | None = None
        self._waiting: deque[str] = deque()

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self._closed)
        while self._waiting:
            await self._book(self._waiting.popleft())
        await workflow.wait_condition(lambda: workflow.all_handlers_finished())
        return "closed"

    @workflow.signal
    async def reserve(self, seat: str) -> None:
        await self._book(seat)

    @workflow.signal
    async def queue(self, seat: str) -> None:
        self._waiting.append(seat)

    @workflow.signal(unfinished_policy=HandlerUnfinishedPolicy.ABANDON)
    async def remind(self) -> None:
        await workflow.sleep(timedelta(days=1))

    @workflow.update
    async def close(self) -> bool:
        self._closed = True
        return self._closed

    async def _book(self, seat: str) -> str:
        return await workflow.execute_activity(book, seat, start_to_close_timeout=timedelta(minutes=5))


@workflow.defn
class Confirmed:
    def __init__(self) -> None:
        self._seat: str | None = None
        self._answer: str | None = None

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self._seat is not None)
        await asyncio.sleep(1)
        return self._seat or ""

    @workflow.update
    async def confirm(self, seat: str) -> None:
        booked = await workflow.execute_activity(book, seat, start_to_close_timeout=timedelta(minutes=5))
        self._seat = booked


@workflow.defn
class Pausable:
    def __init__(self) -> None:
        self._paused = False

    @workflow.run
    async def run(self, seats: list[str]) -> None:
        for seat in seats:
            await workflow.wait_condition(lambda: not self._paused)
            await workflow.execute_activity(book, seat, start_to_close_timeout=timedelta(minutes=5))

    @workflow.signal
    def pause(self) -> None:
        self._paused = True

    @workflow.signal
    def resume(self) -> None:
        self._paused = False


@workflow.defn
class Rescheduled:
    def __init__(self) -> None:
        self._due = datetime.max
        self._changed = False

    @workflow.run
    async def run(self, due: datetime) -> None:
        self._due = due
        while workflow.now() < self._due:
            pause = self._due - workflow.now()
            self._changed = False
            try:
                await workflow.wait_condition(lambda: self._changed, timeout=pause)
            except asyncio.TimeoutError:
                continue

    @workflow.signal
    def reschedule(self, due: datetime) -> None:
        self._due = due
        self._changed = True
