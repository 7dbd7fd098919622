"""Errors that are told as errors, and one of a tool that the model itself shall read."""

from datetime import timedelta

import httpx
import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


@activity.defn
async def ask(question: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
            answer = await client.responses.create(model="gpt-4o-mini", input=question)
    except openai.APIStatusError as error:
        final = error.status_code < 500 and error.status_code != 429
        raise ApplicationError(str(error), type="ModelError", non_retryable=final) from error
    except openai.APIConnectionError:
        return ""
    return answer.output_text


@activity.defn
async def use_tool(url: str) -> str:
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            return (await client.get(url)).text[:1_000]
    except httpx.HTTPError as error:
        return f"The tool failed: {error}"


@workflow.defn
class AskWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        answer = await workflow.execute_activity(
            ask,
            question,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=5),
        )
        return await workflow.execute_activity(
            use_tool,
            answer,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
