"""Planted: as long as the model calls the tool the agent goes on: nothing bounds its turns."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)
TOOL: Any = {
    "type": "function",
    "function": {"name": "book_table", "parameters": {"type": "object", "properties": {"guests": {"type": "integer"}}}},
}


@activity.defn
async def ask_model(messages: list[Any]) -> Any:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[TOOL])
    if answer.choices[0].finish_reason not in ("stop", "tool_calls"):
        raise ApplicationError("the model gave no whole answer", type="IncompleteAnswer")
    return answer.choices[0].message.model_dump(exclude_none=True)


@activity.defn
async def book_table(guests: int, key: str) -> str:
    await plumbing.effect("table", {"guests": guests}, key=key)
    return "booked"


@workflow.defn
class BookForEver:
    @workflow.run
    async def run(self, wish: str) -> str:
        messages: list[Any] = [{"role": "user", "content": wish}]
        while True:
            said = await workflow.execute_activity(
                ask_model, messages, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
            messages.append(said)
            if not said.get("tool_calls"):
                return str(said["content"])
            messages += [await self.book(call) for call in said["tool_calls"]]
            await workflow.sleep(1)

    async def book(self, call: dict[str, Any]) -> dict[str, Any]:
        guests = json.loads(call["function"]["arguments"]).get("guests", 2)
        key = f"{workflow.info().workflow_id}/{call['id']}"
        told = await workflow.execute_activity(
            book_table, args=[guests, key], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        return {"role": "tool", "tool_call_id": call["id"], "content": told}


if __name__ == "__main__":
    plumbing.main(workflows=[BookForEver], activities=[ask_model, book_table])
