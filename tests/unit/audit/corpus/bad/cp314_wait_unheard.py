"""An activity that tells a rate limit from other errors, and comes back a second later all the same."""

from datetime import timedelta

import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


@activity.defn
async def sum_up(text: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
            answer = await client.responses.create(model="gpt-4o-mini", input=f"Sum up: {text}")
    except openai.RateLimitError as error:
        final = error.code == "insufficient_quota"
        raise ApplicationError(str(error), type="RateLimited", non_retryable=final) from error  # finding: CP314
    return answer.output_text


@workflow.defn
class SumUpWorkflow:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(
            sum_up,
            text,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=5, non_retryable_error_types=["BadRequestError"]),
        )
