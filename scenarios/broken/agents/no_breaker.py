"""Planted: each question is asked of the usual model first, however often that one has been out of service."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=1, maximum_attempts=2)
USUAL, OTHER = "gpt-4o-mini", "gpt-4.1-mini"


@activity.defn
async def ask_model(question: str, model: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    if answer.choices[0].finish_reason != "stop":
        raise ApplicationError("the model gave no whole answer", type="IncompleteAnswer")
    return answer.choices[0].message.content or ""


@workflow.defn
class AskUsualFirst:
    @workflow.run
    async def run(self, question: str) -> list[str]:
        return [await self.ask(f"{question} {number}") for number in (1, 2)]

    async def ask(self, question: str) -> str:
        try:
            return await self.ask_one(question, USUAL)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return await self.ask_one(question, OTHER)

    async def ask_one(self, question: str, model: str) -> str:
        return await workflow.execute_activity(
            ask_model, args=[question, model], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskUsualFirst], activities=[ask_model])
