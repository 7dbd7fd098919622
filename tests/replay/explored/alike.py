"""Look-alikes: workflows that come near to a planted bug and break no property."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from tests.replay.explored import activities

from tests.replay.explored.planted import MINUTE, call


@workflow.defn
class WaitsForOne:
    """An approval counts whenever it comes."""

    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self) -> str:
        draft = await call(activities.look_up, "Rome")
        await workflow.wait_condition(lambda: self.approved)
        return draft

    @workflow.signal
    def approve(self) -> None:
        self.approved = True


@workflow.defn
class FailsAtTimeout:
    """The timeout of the wait fails the workflow, in Temporal's words."""

    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.wait_condition(lambda: self.approved, timeout=timedelta(days=1))
        except TimeoutError as error:
            raise ApplicationError("nobody approved", type="NotApproved") from error
        return "approved"

    @workflow.signal
    def approve(self) -> None:
        self.approved = True


@workflow.defn
class SortsAnswers:
    """The answers are asked for at once and stand in the order in which they were asked for."""

    @workflow.run
    async def run(self) -> list[str]:
        return list(await asyncio.gather(*(call(activities.look_up, city) for city in ("Rome", "Oslo"))))


@workflow.defn
class PassesOnAtContinue:
    """What came before it continues as new is passed on."""

    def __init__(self) -> None:
        self.note = ""

    @workflow.run
    async def run(self, again: bool, note: str) -> str:
        self.note = self.note or note
        if again:
            await call(activities.look_up, "Rome")
            workflow.continue_as_new(args=[False, self.note])
        await workflow.wait_condition(lambda: self.note != "")
        return self.note

    @workflow.signal
    def write(self, note: str) -> None:
        self.note = note


@workflow.defn
class FinishesUpdates:
    """It waits for its handlers before it closes."""

    @workflow.run
    async def run(self) -> str:
        weather = await call(activities.look_up, "Rome")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return weather

    @workflow.update
    async def rename(self, name: str) -> str:
        return await call(activities.look_up, name)


@workflow.defn
class UndoesAlways:
    """A booking is undone in every way out, also where it may not have been made."""

    @workflow.run
    async def run(self) -> str:
        try:
            await call(activities.book, "Rome trip")
            return await call(activities.charge, "Rome trip")
        except BaseException:
            await asyncio.shield(call(activities.cancel_booking, "Rome trip"))
            raise


@workflow.defn
class CountsTools:
    """The model asks for one tool after the other, up to a number."""

    @workflow.run
    async def run(self) -> int:
        calls = 0
        while calls < 3 and await call(activities.next_tool, calls) != "stop":
            calls += 1
        return calls


@workflow.defn
class Greets:
    @workflow.run
    async def run(self, name: str) -> str:
        return await call(activities.look_up, name)


@workflow.defn
class HasChild:
    """It waits for a child, a local activity, a patch, and the end of a pause."""

    @workflow.run
    async def run(self) -> str:
        greeting = await workflow.execute_child_workflow(Greets.run, "Rome", id="greets")
        local = await workflow.execute_local_activity(
            activities.look_up, "Oslo", start_to_close_timeout=timedelta(seconds=5)
        )
        pause = MINUTE if workflow.patched("longer") else MINUTE / 2
        await asyncio.sleep(pause.total_seconds())
        return f"{greeting}, {local}"


@workflow.defn
class EndsBeforeItsTimeout:
    """It pauses for a minute, and has an hour to live."""

    @workflow.run
    async def run(self) -> str:
        await call(activities.book, "Rome trip")
        await asyncio.sleep(60)
        return "done"


@workflow.defn
class Approval:
    """A child that tells its parent that it is there, and waits until it is approved."""

    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self, parent: str) -> str:
        if parent:
            await workflow.get_external_workflow_handle(parent).signal("ready")
        await workflow.wait_condition(lambda: self.approved)
        return await call(activities.charge, "Rome trip")

    @workflow.signal
    def approve(self) -> None:
        self.approved = True


@workflow.defn
class ApprovesChild:
    """It approves its child once that is there, and tells what fails."""

    def __init__(self) -> None:
        self.ready = False

    @workflow.run
    async def run(self) -> str:
        child = await workflow.start_child_workflow(Approval.run, workflow.info().workflow_id, id="approval")
        await workflow.wait_condition(lambda: self.ready)
        await child.signal(Approval.approve)
        return await child

    @workflow.signal(name="ready")
    def child_is_ready(self) -> None:
        self.ready = True


@workflow.defn
class LeavesChildWaiting:
    """Whoever approves its child is somebody else."""

    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_child_workflow(Approval.run, "", id="approval")


@workflow.defn
class CapsModel:
    """It asks the model three times at most, and fails where that wants a tool for ever."""

    @workflow.run
    async def run(self) -> str:
        for calls in range(3):
            if await call(activities.ask_model, calls) != "search":
                return "answered"
        raise ApplicationError("the model asked for tools too often", type="TooManyTools")


WORKFLOWS = [
    WaitsForOne,
    FailsAtTimeout,
    SortsAnswers,
    PassesOnAtContinue,
    FinishesUpdates,
    UndoesAlways,
    CountsTools,
    Greets,
    HasChild,
    EndsBeforeItsTimeout,
    Approval,
    ApprovesChild,
    LeavesChildWaiting,
    CapsModel,
]
