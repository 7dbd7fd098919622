"""Right: the workflow catches a failed step and raises again, but as a failure that ends the workflow."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=4), backoff_coefficient=1, maximum_attempts=3)


@activity.defn
async def ask_model(question: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=20) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
            )
    except openai.APIStatusError as error:
        passes = error.status_code in (408, 409, 429) and error.code != "insufficient_quota"
        final = error.status_code < 500 and not passes
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=final) from error
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


@workflow.defn
class AskAndTell:
    @workflow.run
    async def run(self, question: str) -> str:
        try:
            return await workflow.execute_activity(
                ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
        except ActivityError as error:
            raise ApplicationError(f"no answer to {question!r}", type="NoAnswer") from error


if __name__ == "__main__":
    plumbing.main(workflows=[AskAndTell], activities=[ask_model])
