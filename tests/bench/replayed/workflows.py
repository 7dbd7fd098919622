"""Small workflows as an agent's program has them: several in one module, with models of pydantic and an LLM's client.

``Greeting`` is the one of ``tests/replay/histories/Greeting-run.json``. As a program this is its worker.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Literal

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import openai
    from pydantic import BaseModel, Field

LIMIT = timedelta(seconds=5)


class Tool(BaseModel):
    name: str = Field(min_length=1)
    description: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)


class Message(BaseModel):
    role: Literal["user", "assistant", "tool"] = "user"
    content: str
    tools: list[Tool] = Field(default_factory=list)


class Question(BaseModel):
    text: str
    model: str = "small"
    temperature: float = Field(default=0.0, ge=0, le=2)
    history: list[Message] = Field(default_factory=list)


class Trip(BaseModel):
    place: str
    nights: int = Field(default=1, ge=1)
    traveller: str | None = None


class Invoice(BaseModel):
    trip: Trip
    amount: float = Field(ge=0)
    currency: Literal["EUR", "USD"] = "EUR"


async def _call(name: str, value: str) -> str:
    answer: str = await workflow.execute_activity(name, value, result_type=str, start_to_close_timeout=LIMIT)
    return answer


@workflow.defn
class Greeting:
    @workflow.run
    async def run(self, name: str) -> str:
        hello = await _call("hello", name)
        await asyncio.sleep(0.1)
        return await _call("bye", hello)


@workflow.defn
class Research:
    @workflow.run
    async def run(self, question: Question) -> str:
        return await _call("ask", question.text)


@workflow.defn
class Summary:
    @workflow.run
    async def run(self, question: Question) -> str:
        return await _call("summarize", question.text)


@workflow.defn
class Booking:
    @workflow.run
    async def run(self, trip: Trip) -> str:
        return await _call("book", trip.place)


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, invoice: Invoice) -> str:
        return await _call("pay", str(invoice.amount))


@workflow.defn
class Conversation:
    @workflow.run
    async def run(self, opening: Message) -> str:
        return await _call("talk", opening.content)


@workflow.defn
class ManySteps:
    """Takes one step after the other: its histories are as long as is wanted."""

    @workflow.run
    async def run(self, steps: int) -> str:
        last = ""
        for number in range(steps):
            last = await _call("step", str(number))
        return last


@activity.defn
async def ask(text: str) -> str:
    client = openai.AsyncOpenAI()
    answer = await client.responses.create(model="small", input=text)
    return answer.output_text


async def _main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    workflows = [Greeting, Research, Summary, Booking, Payment, Conversation, ManySteps]
    await Worker(client, task_queue="q", workflows=workflows, activities=[ask]).run()


if __name__ == "__main__":
    asyncio.run(_main())
