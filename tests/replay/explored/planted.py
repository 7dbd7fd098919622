"""Planted: workflows each of which breaks one property of exploration, on some path and not on the plain one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ChildWorkflowError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from tests.replay.explored import activities
    from tests.replay.explored.passed_through import ANSWERED

MINUTE = timedelta(minutes=1)
TWICE = RetryPolicy(maximum_attempts=2)


async def call(what: object, *args: object) -> str:
    return await workflow.execute_activity(what, args=args, start_to_close_timeout=MINUTE, retry_policy=TWICE)  # type: ignore[call-overload, no-any-return]


@workflow.defn
class WaitsForTwo:
    """Two approvals are waited for, and one is all that anybody sends."""

    def __init__(self) -> None:
        self.approvals = 0

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.approvals == 2)
        return "approved"

    @workflow.signal
    def approve(self) -> None:
        self.approvals += 1


@workflow.defn
class LocksItself:
    """The lock that a handler takes is never given back if the handler comes first."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()

    @workflow.run
    async def run(self) -> str:
        weather = await call(activities.look_up, "Rome")
        async with self.lock:
            return weather

    @workflow.signal
    async def hold(self) -> None:
        await self.lock.acquire()


@workflow.defn
class RaisesAtTimeout:
    """What it raises at the timeout is no failure of Temporal: the task fails again and again."""

    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.wait_condition(lambda: self.approved, timeout=timedelta(days=1))
        except TimeoutError:
            raise ValueError("nobody approved") from None
        return "approved"

    @workflow.signal
    def approve(self) -> None:
        self.approved = True


@workflow.defn
class RaisesInHandler:
    """The handler reads what only the run method sets, later."""

    def __init__(self) -> None:
        self.prices: dict[str, int] = {}
        self.price = 0

    @workflow.run
    async def run(self) -> int:
        await call(activities.look_up, "Rome")
        self.prices["Rome"] = 12
        await workflow.wait_condition(lambda: self.price > 0)
        return self.price

    @workflow.signal
    def choose(self, city: str) -> None:
        self.price = self.prices[city]


@workflow.defn
class FirstComesFirst:
    """The answers stand in the order in which they came."""

    @workflow.run
    async def run(self) -> list[str]:
        calls = [asyncio.ensure_future(call(activities.look_up, city)) for city in ("Rome", "Oslo")]
        return [await each for each in workflow.as_completed(calls)]


@workflow.defn
class WorksByOrder:
    """Which booking is made depends on which answer was the last."""

    @workflow.run
    async def run(self) -> str:
        last = ""

        async def ask(city: str) -> None:
            nonlocal last
            last = await call(activities.look_up, city)

        await asyncio.gather(ask("Rome"), ask("Oslo"))
        await call(activities.book, last)
        return "booked"


@workflow.defn
class ResetsApproval:
    """What came before the wait is forgotten when the wait begins."""

    @workflow.run
    async def run(self) -> str:
        draft = await call(activities.look_up, "Rome")
        self.approved = False
        await workflow.wait_condition(lambda: self.approved)
        return draft

    @workflow.signal
    def approve(self) -> None:
        self.approved = True


@workflow.defn
class ForgetsAtContinue:
    """What came before it continues as new is not passed on."""

    def __init__(self) -> None:
        self.note = ""

    @workflow.run
    async def run(self, again: bool) -> str:
        if again:
            await call(activities.look_up, "Rome")
            workflow.continue_as_new(False)
        await workflow.wait_condition(lambda: self.note != "")
        return self.note

    @workflow.signal
    def write(self, note: str) -> None:
        self.note = note


@workflow.defn
class LeavesUpdateOpen:
    """It closes while an update is still at work."""

    @workflow.run
    async def run(self) -> str:
        return await call(activities.look_up, "Rome")

    @workflow.update
    async def rename(self, name: str) -> str:
        return await call(activities.look_up, name)


@workflow.defn
class UndoesFailureOnly:
    """A booking is undone where the charge fails, but not where the workflow is cancelled."""

    @workflow.run
    async def run(self) -> str:
        await call(activities.book, "Rome trip")
        try:
            return await call(activities.charge, "Rome trip")
        except ActivityError as error:
            if not is_cancelled_exception(error):
                await call(activities.cancel_booking, "Rome trip")
            raise


@workflow.defn
class HidesFailure:
    """What failed is told as a success."""

    @workflow.run
    async def run(self) -> str:
        try:
            return await call(activities.charge, "Rome trip")
        except ActivityError:
            return "all done"


@workflow.defn
class WaitsAfterFailure:
    """The flag that is waited for is set by the activity's success alone."""

    @workflow.run
    async def run(self) -> str:
        self.done = False

        async def work() -> None:
            try:
                await call(activities.charge, "Rome trip")
                self.done = True
            except ActivityError:
                workflow.logger.warning("the charge failed")

        task = asyncio.ensure_future(work())
        await workflow.wait_condition(lambda: self.done)
        await task
        return "done"


@workflow.defn
class SwallowsCancellation:
    """Whoever cancels it is told that it completed."""

    @workflow.run
    async def run(self) -> str:
        try:
            return await call(activities.look_up, "Rome")
        except ActivityError as error:
            if is_cancelled_exception(error):
                return "done"
            raise


@workflow.defn
class SleepsOn:
    """A cancellation that comes during the pause only ends the pause."""

    @workflow.run
    async def run(self) -> str:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            workflow.logger.info("woken up early")
        return await call(activities.look_up, "Rome")


@workflow.defn
class AsksForTools:
    """The model asks for one tool after the other, and nobody counts."""

    @workflow.run
    async def run(self) -> int:
        calls = 0
        while await call(activities.next_tool, calls) != "stop":
            calls += 1
        return calls


@workflow.defn
class RemembersInProcess:
    """What it does depends on what the process has done before."""

    @workflow.run
    async def run(self) -> str:
        ANSWERED.append("run")
        await call(activities.look_up, f"city {len(ANSWERED)}")
        return "done"


@workflow.defn
class CountsQueries:
    """A query changes what is done next."""

    def __init__(self) -> None:
        self.queries = 0

    @workflow.run
    async def run(self) -> str:
        await call(activities.look_up, "Rome")
        return await call(activities.look_up, f"Oslo {self.queries}")

    @workflow.query
    def count(self) -> int:
        self.queries += 1
        return self.queries


@workflow.defn
class IteratesSet:
    """What is looked up first is what a set of strings gives first: another order in each process."""

    @workflow.run
    async def run(self) -> list[str]:
        return [await call(activities.look_up, city) for city in {"Rome", "Oslo", "Lima", "Bern", "Cairo", "Paris"}]


@workflow.defn
class OutlivesItsTimeout:
    """It pauses for a day, and is started with an hour to live."""

    @workflow.run
    async def run(self) -> str:
        await call(activities.book, "Rome trip")
        await asyncio.sleep(86_400)
        return await call(activities.charge, "Rome trip")


@workflow.defn
class Charges:
    """A child that fails where the charge does."""

    @workflow.run
    async def run(self, trip: str) -> str:
        return await call(activities.charge, trip)


@workflow.defn
class HidesChildFailure:
    """What a child could not do is told as a success."""

    @workflow.run
    async def run(self) -> str:
        try:
            return await workflow.execute_child_workflow(Charges.run, "Rome trip", id="charges")
        except ChildWorkflowError:
            return "all done"


@workflow.defn
class HidesRefusedChild:
    """It approves a child that has told it that it is there, and tells as a success what that could not do."""

    def __init__(self) -> None:
        self.ready = False

    @workflow.run
    async def run(self) -> str:
        child = await workflow.start_child_workflow("Approval", workflow.info().workflow_id)
        await workflow.wait_condition(lambda: self.ready)
        await child.signal("approve")
        try:
            return str(await child)
        except ChildWorkflowError:
            return "all done"

    @workflow.signal(name="ready")
    def child_is_ready(self) -> None:
        self.ready = True


@workflow.defn
class TrustsModel:
    """It asks as long as the model wants a tool, and nobody counts."""

    @workflow.run
    async def run(self) -> int:
        calls = 0
        while await call(activities.ask_model, calls) == "search":
            calls += 1
        return calls


WORKFLOWS = [
    WaitsForTwo,
    LocksItself,
    RaisesAtTimeout,
    RaisesInHandler,
    FirstComesFirst,
    WorksByOrder,
    ResetsApproval,
    ForgetsAtContinue,
    LeavesUpdateOpen,
    UndoesFailureOnly,
    HidesFailure,
    WaitsAfterFailure,
    SwallowsCancellation,
    SleepsOn,
    AsksForTools,
    RemembersInProcess,
    CountsQueries,
    IteratesSet,
    OutlivesItsTimeout,
    Charges,
    HidesChildFailure,
    HidesRefusedChild,
    TrustsModel,
]
