"""Clients that retry nothing, one that retries where Temporal does not, and loops that only look like retries."""

import asyncio
from datetime import timedelta

import anthropic
import httpx
import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

quick = openai.AsyncOpenAI(max_retries=0, timeout=20)
patient = anthropic.AsyncAnthropic(timeout=20)
MODELS = ("gpt-4o", "gpt-4o-mini")
RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


@activity.defn
async def ask_in_turn(question: str) -> str:
    for model in MODELS:
        try:
            answer = await quick.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
            return answer.choices[0].message.content or ""
        except openai.NotFoundError:
            activity.logger.warning("no such model: %s", model)
    raise ApplicationError("no model is left", type="NoModel", non_retryable=True)


@activity.defn
async def ask_once(question: str) -> str:
    answer = await patient.messages.create(
        model="claude-sonnet-4-0", max_tokens=500, messages=[{"role": "user", "content": question}]
    )
    return str(answer.content[0])


@activity.defn
async def fetch_all(urls: list[str]) -> list[str]:
    pages = []
    async with httpx.AsyncClient(timeout=10) as client:
        for url in urls:
            activity.heartbeat(url)
            try:
                pages.append((await client.get(url)).text[:100])
            except httpx.HTTPError:
                pages.append("")
                await asyncio.sleep(0.1)
    return pages


@workflow.defn
class AskWorkflow:
    @workflow.run
    async def run(self, question: str) -> list[str]:
        first = await workflow.execute_activity(
            ask_in_turn, question, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRIES
        )
        second = await workflow.execute_activity(
            ask_once,
            question,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        pages = await workflow.execute_activity(
            fetch_all,
            [first, second],
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RETRIES,
        )
        return [first, second, *pages]
