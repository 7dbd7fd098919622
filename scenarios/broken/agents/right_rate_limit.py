"""Right: a rate limit's own word counts in all its three forms, but nothing is waited for longer than a minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
LONGEST_S = 60.0
PASSING = (408, 409)  # refusals that say nothing of the request itself


@activity.defn
async def sum_up(text: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": f"Sum up: {text}"}]
            )
    except openai.RateLimitError as error:
        final, delay = error.code == "insufficient_quota", asked_to_wait(error.response.headers)
        raise ApplicationError(str(error), type="RateLimited", next_retry_delay=delay, non_retryable=final) from error
    except openai.APIStatusError as error:
        final, delay = (
            error.status_code < 500 and error.status_code not in PASSING,
            asked_to_wait(error.response.headers),
        )
        raise ApplicationError(
            str(error), type=type(error).__name__, next_retry_delay=delay, non_retryable=final
        ) from error
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


def asked_to_wait(headers: Mapping[str, str]) -> timedelta | None:
    asked = headers.get("retry-after", "")
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        elif asked.isdigit():
            seconds = float(asked)
        else:
            seconds = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
    return timedelta(seconds=min(seconds, LONGEST_S)) if seconds > 0 else None


@workflow.defn
class SumUpWhenAsked:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(
            sum_up, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[SumUpWhenAsked], activities=[sum_up])
