"""An activity that heeds a rate limit only where it is told in seconds."""

from collections.abc import Mapping
from datetime import timedelta

import openai
from temporalio import activity
from temporalio.exceptions import ApplicationError


@activity.defn
async def sum_up(text: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
            answer = await client.responses.create(model="gpt-4o-mini", input=f"Sum up: {text}")
    except openai.RateLimitError as error:
        raise ApplicationError(
            str(error), type="RateLimited", next_retry_delay=asked_to_wait(error.response.headers)
        ) from error
    return answer.output_text


def asked_to_wait(headers: Mapping[str, str]) -> timedelta | None:
    asked = headers.get("Retry-After", "")  # finding: CP314
    return timedelta(seconds=float(asked)) if asked.isdigit() else None
