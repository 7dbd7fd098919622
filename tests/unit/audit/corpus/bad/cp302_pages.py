"""An activity that sums up a book chapter by chapter for up to an hour, without a sign of life."""

from datetime import timedelta

import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


@activity.defn
async def sum_up_book(chapters: list[str]) -> list[str]:
    client = openai.AsyncOpenAI(max_retries=0, timeout=60)
    found = []
    for chapter in chapters:  # finding: CP302
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Sum up: {chapter}"}]
        )
        found.append(answer.choices[0].message.content or "")
    return found


@workflow.defn
class BookWorkflow:
    @workflow.run
    async def run(self, chapters: list[str]) -> list[str]:
        return await workflow.execute_activity(
            sum_up_book, chapters, start_to_close_timeout=timedelta(hours=1), retry_policy=RETRIES
        )
