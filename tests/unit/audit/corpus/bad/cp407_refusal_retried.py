"""An agent that sends a request which the model calls invalid five times over."""

from datetime import timedelta

import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def translate(text: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        answer = await client.responses.create(model="gpt-4o-mini", input=f"Translate into French: {text}")
    return answer.output_text


@workflow.defn
class TranslateWorkflow:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(  # finding: CP407
            translate,
            text,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
