"""Right: the same call of a tool is executed once, however often it comes, and the turns of the agent are bounded."""

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
    async with openai.AsyncOpenAI(max_retries=0, timeout=20) as client:
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[TOOL])
    if answer.choices[0].finish_reason not in ("stop", "tool_calls"):
        raise ApplicationError("the model gave no whole answer", type="IncompleteAnswer")
    return answer.choices[0].message.model_dump(exclude_none=True)


@activity.defn
async def book_table(guests: int, key: str) -> str:
    await plumbing.effect("table", {"guests": guests}, key=key)
    return "booked"


@workflow.defn
class BookOnce:
    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    @workflow.run
    async def run(self, wish: str) -> str:
        messages: list[Any] = [{"role": "user", "content": wish}]
        for _ in range(4):
            said = await workflow.execute_activity(
                ask_model, messages, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
            messages.append(said)
            if not said.get("tool_calls"):
                return str(said["content"])
            messages += [
                {"role": "tool", "tool_call_id": call["id"], "content": await self.book(call)}
                for call in said["tool_calls"]
            ]
        raise ApplicationError("the model does not come to an end", type="NoAnswer")

    async def book(self, call: dict[str, Any]) -> str:
        asked = call["function"]["arguments"]
        if asked not in self.told:
            guests = json.loads(asked).get("guests", 2)
            key = f"{workflow.info().workflow_id}/{len(self.told)}"
            self.told[asked] = await workflow.execute_activity(
                book_table, args=[guests, key], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
        return self.told[asked]


if __name__ == "__main__":
    plumbing.main(workflows=[BookOnce], activities=[ask_model, book_table])
