"""Right: whether another model is asked depends on the time, but on the time of the workflow."""

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
class AskByItsOwnTime:
    @workflow.run
    async def run(self, question: str) -> str:
        began = workflow.now()
        try:
            return await self.ask(question, USUAL)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            late = workflow.now() > began + timedelta(seconds=0.5)
            return await self.ask(question, OTHER if late else USUAL)

    async def ask(self, question: str, model: str) -> str:
        return await workflow.execute_activity(
            ask_model, args=[question, model], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskByItsOwnTime], activities=[ask_model])
