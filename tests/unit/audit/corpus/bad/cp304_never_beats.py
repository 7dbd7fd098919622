"""A heartbeat timeout of ten seconds for an activity that waits for a slow model and never beats."""

from datetime import timedelta

import anthropic
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError", "AuthenticationError"])


@activity.defn
async def think(question: str) -> str:
    async with anthropic.AsyncAnthropic(max_retries=0, timeout=240) as client:
        answer = await client.messages.create(
            model="claude-sonnet-4-0", max_tokens=4_000, messages=[{"role": "user", "content": question}]
        )
    return "".join(block.text for block in answer.content if block.type == "text")


@workflow.defn
class ThinkWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(  # finding: CP304
            think,
            question,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RETRIES,
        )
