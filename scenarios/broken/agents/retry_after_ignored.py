"""Planted: a rate limit says when to come back, and the next attempt comes at once whatever it said."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=0.1), maximum_attempts=5)


@activity.defn
async def sum_up(text: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": f"Sum up: {text}"}]
            )
    except openai.APIStatusError as error:
        limited = error.status_code == 429 and error.code != "insufficient_quota"
        final = error.status_code < 500 and not limited
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=final) from error
    return answer.choices[0].message.content or ""


@workflow.defn
class SumUpTooSoon:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(
            sum_up, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[SumUpTooSoon], activities=[sum_up])
