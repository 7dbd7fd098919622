"""Signals and updates whose work is cut off because the run returns, or continues as new, before it is done."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def book(seat: str) -> str:
    return seat


@workflow.defn
class Booking:
    def __init__(self) -> None:
        self._closed = False

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self._closed)
        return "closed"

    @workflow.signal
    async def reserve(self, seat: str) -> None:  # finding: CP205
        await workflow.execute_activity(book, seat, start_to_close_timeout=timedelta(minutes=5))

    @workflow.signal
    def close(self) -> None:
        self._closed = True


@workflow.defn
class Desk:
    def __init__(self) -> None:
        self._seats: list[str] = []

    @workflow.run
    async def run(self) -> None:
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.sleep(timedelta(hours=1))
        workflow.continue_as_new()

    @workflow.update
    async def reserve(self, seat: str) -> str:  # finding: CP205
        booked = await workflow.execute_activity(book, seat, start_to_close_timeout=timedelta(minutes=5))
        self._seats.append(booked)
        return booked
