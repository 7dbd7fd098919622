"""Workflows of agents as they were when their histories were recorded; the changed ones have the same names."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    from tests.replay.planted.records import Charge, Conversation, Receipt, Trip


@workflow.defn
class Research:
    """Plans, searches for each step on workers of their own, rests, and sums up."""

    @workflow.run
    async def run(self, topic: str) -> str:
        steps = await workflow.execute_activity(
            activities.plan,
            f"Plan the research on {topic} in two steps.",
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
        texts = []
        for step in steps:
            text = await workflow.execute_activity(
                activities.search,
                f"{topic}: {step}",
                task_queue="planted-search",
                start_to_close_timeout=timedelta(minutes=2),
                heartbeat_timeout=timedelta(seconds=10),
            )
            texts.append(text)
        await workflow.sleep(timedelta(milliseconds=200))
        summary = await workflow.execute_activity(
            activities.summarise, texts, start_to_close_timeout=timedelta(seconds=30)
        )
        return f"{topic}: {summary}"


@workflow.defn
class Booking:
    """Asks for a price and has it paid by a workflow of its own."""

    @workflow.run
    async def run(self, trip: Trip) -> Receipt:
        price = await workflow.execute_activity(
            activities.quote,
            trip,
            activity_id=f"quote-{trip.city}",
            start_to_close_timeout=timedelta(seconds=30),
        )
        paid = await workflow.execute_child_workflow(
            Payment.run,
            Charge(amount=price, currency="EUR"),
            id=f"{workflow.info().workflow_id}-payment",
        )
        return Receipt(city=trip.city, paid=paid)


@workflow.defn
class Payment:
    """Pays."""

    @workflow.run
    async def run(self, charge: Charge) -> str:
        return await workflow.execute_activity(activities.charge, charge, start_to_close_timeout=timedelta(seconds=30))


@workflow.defn
class Chat:
    """Answers what it is told by signals, two turns in one run, then goes on in the next."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._manner = "at length"
        self._title = "untitled"
        self._turns: list[str] = []

    @workflow.run
    async def run(self, conversation: Conversation) -> None:
        while len(self._turns) < 2:
            await workflow.wait_condition(lambda: bool(self._said))
            turn = await workflow.execute_activity(
                activities.reply,
                f"Answer {self._manner}: {self._said.pop(0)}",
                start_to_close_timeout=timedelta(seconds=30),
            )
            self._turns.append(turn)
        workflow.continue_as_new(Conversation(turns=self._turns[-1:], title=self._title))

    @workflow.signal
    def say(self, text: str) -> None:
        self._said.append(text)

    @workflow.signal
    def be_brief(self) -> None:
        self._manner = "in one sentence"

    @workflow.update
    def rename(self, title: str) -> str:
        self._title = title
        return f"now called {title}"

    @workflow.query
    def turns(self) -> int:
        return len(self._turns)


@workflow.defn
class Escalation:
    """Assesses a ticket, tells another workflow, and fails."""

    @workflow.run
    async def run(self, ticket: str) -> None:
        severity = await workflow.execute_local_activity(
            activities.assess,
            ticket,
            start_to_close_timeout=timedelta(seconds=30),
        )
        workflow.upsert_memo({"severity": severity})
        workflow.upsert_search_attributes([SearchAttributeKey.for_keyword("Severity").value_set(severity)])
        desk = workflow.get_external_workflow_handle("desk")
        await desk.signal("say", f"{ticket} is {severity}")
        raise ApplicationError(f"{ticket} needs a person", type="Escalated", non_retryable=True)


@workflow.defn
class Triage:
    """Is done in one workflow task, which a local activity is part of."""

    @workflow.run
    async def run(self, ticket: str) -> str:
        severity = await workflow.execute_local_activity(
            activities.assess, ticket, start_to_close_timeout=timedelta(seconds=30)
        )
        return f"{ticket} is {severity}"
