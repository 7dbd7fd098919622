"""Right: that the usual model is out of service is known to the workflow, which asks another one at once."""

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
    async with openai.AsyncOpenAI(max_retries=0, timeout=20) as client:
        answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


@workflow.defn
class AskWithBreaker:
    def __init__(self) -> None:
        self.out_of_service: set[str] = set()

    @workflow.run
    async def run(self, question: str) -> list[str]:
        return [await self.ask(f"{question} {number}") for number in (1, 2)]

    async def ask(self, question: str) -> str:
        if USUAL not in self.out_of_service:
            try:
                return await self.ask_one(question, USUAL)
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                self.out_of_service.add(USUAL)
        return await self.ask_one(question, OTHER)

    async def ask_one(self, question: str, model: str) -> str:
        return await workflow.execute_activity(
            ask_model, args=[question, model], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskWithBreaker], activities=[ask_model])
