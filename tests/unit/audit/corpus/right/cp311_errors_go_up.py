"""Errors of a model that go up, and errors of other things that are told."""

import httpx
import openai
from temporalio import activity


async def ask(question: str) -> str:
    client = openai.AsyncOpenAI(max_retries=0)
    answer = await client.responses.create(model="gpt-4o-mini", input=question)
    return answer.output_text


async def asked(question: str) -> str:
    try:
        return await ask(question)
    except Exception as error:
        activity.logger.warning("failed: %s", error)
        raise


@activity.defn
async def think(question: str) -> str:
    return await asked(question)


@activity.defn
async def status(url: str) -> str:
    try:
        async with httpx.AsyncClient(timeout=60) as client:
            return (await client.get(url)).text
    except httpx.HTTPError as error:
        return f"down: {error}"
