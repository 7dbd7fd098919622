"""Workflows that leave something undone when they end, each with its right twin: the argument says which one runs."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import asyncio

    from scenarios import plumbing

SOON = timedelta(seconds=90)
ONCE = RetryPolicy(maximum_attempts=1)
THRICE = RetryPolicy(maximum_attempts=3)
LARGE = 1_700_000


@activity.defn
async def reply(text: str) -> str:
    await asyncio.sleep(0.3)
    return text


@activity.defn
async def measure(text: str) -> int:
    return len(text)


@activity.defn
async def ask(question: str) -> str:
    return await plumbing.ask(question)


@activity.defn
async def book(trip: str) -> None:
    await plumbing.effect("book", {"trip": trip}, key=f"book-{trip}")


@activity.defn
async def cancel(trip: str) -> None:
    await plumbing.effect("cancel", {"trip": trip}, key=f"cancel-{trip}")


@workflow.defn
class Chat:
    """Ends after two updates; it waits for their handlers, or it does not."""

    def __init__(self) -> None:
        self.turns = 0

    @workflow.run
    async def run(self, right: bool) -> int:
        await workflow.wait_condition(lambda: self.turns == 2)
        if right:
            await workflow.wait_condition(workflow.all_handlers_finished)
        return self.turns

    @workflow.update
    async def say(self, text: str) -> str:
        self.turns += 1
        return await workflow.execute_activity(reply, text, start_to_close_timeout=SOON, schedule_to_close_timeout=SOON)


@workflow.defn
class Mail:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(reply, text, start_to_close_timeout=SOON, retry_policy=THRICE)


@workflow.defn
class Triage:
    """Starts a child that sends mail; it awaits the child, or it does not."""

    @workflow.run
    async def run(self, right: bool) -> str:
        child = await workflow.start_child_workflow(Mail.run, "hello", id=f"{workflow.info().workflow_id}-mail")
        return await child if right else "sent"


@workflow.defn
class Order:
    """Answers a query from its state, or draws a new id for each answer, which a query may not."""

    def __init__(self) -> None:
        self.right = True
        self.confirmed = False

    @workflow.run
    async def run(self, right: bool) -> str:
        self.right = right
        await workflow.execute_activity(reply, "packed", start_to_close_timeout=SOON, retry_policy=THRICE)
        await workflow.wait_condition(lambda: self.confirmed)
        return "shipped"

    @workflow.signal
    def confirm(self) -> None:
        self.confirmed = True

    @workflow.query
    def status(self) -> str:
        return "packed" if self.right else str(workflow.uuid4())


@workflow.defn
class Digest:
    """Asks for three activities at once, with inputs that fit into one message together, or do not."""

    @workflow.run
    async def run(self, right: bool) -> int:
        text = "." * (100 if right else LARGE)
        sizes = [
            workflow.execute_activity(measure, text, start_to_close_timeout=SOON, retry_policy=THRICE) for _ in range(3)
        ]
        return sum(await asyncio.gather(*sizes))


@workflow.defn
class Forecast:
    """Tells the model what a tool said; the tool is an activity, or opens a file in workflow code."""

    @workflow.run
    async def run(self, right: bool) -> str:
        try:
            said = "12 degrees" if right else open("/etc/hostname").read()  # noqa: SIM115 - planted
        except Exception as error:
            said = f"An error occurred while running the tool. Error: {error}"
        return await workflow.execute_activity(ask, said, start_to_close_timeout=SOON, retry_policy=THRICE)


@workflow.defn
class Review:
    """Starts an activity that its worker has, or one that it does not have."""

    @workflow.run
    async def run(self, right: bool) -> str:
        known = "reply" if right else "review"
        return await workflow.execute_activity(known, "text", schedule_to_close_timeout=SOON)


@workflow.defn
class Trip:
    """Books and then pays nothing; where a step fails it gives up, and undoes what was booked, or does not."""

    @workflow.run
    async def run(self, right: bool) -> str:
        try:
            await workflow.execute_activity(book, "rome", start_to_close_timeout=SOON, retry_policy=ONCE)
            await workflow.execute_activity(ask, "Paid?", start_to_close_timeout=SOON, retry_policy=ONCE)
        except ActivityError:
            if right:
                await workflow.execute_activity(cancel, "rome", start_to_close_timeout=SOON, retry_policy=THRICE)
            raise
        return "booked"


if __name__ == "__main__":
    plumbing.main(
        workflows=[Chat, Mail, Triage, Order, Digest, Forecast, Review, Trip],
        activities=[reply, measure, ask, book, cancel],
    )
