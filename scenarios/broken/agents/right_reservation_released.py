"""Right: a seat is reserved before the model is asked, and where that fails for good the workflow gives it back."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=4), backoff_coefficient=1, maximum_attempts=3)


@activity.defn
async def release(place: str) -> None:
    await plumbing.effect("release", {"seat_to": place}, key=f"{activity.info().workflow_id}/release")


@activity.defn
async def book(place: str) -> str:
    await plumbing.effect("reserve", {"seat_to": place}, key=f"{activity.info().workflow_id}/reserve")
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=20) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": f"Plan a day in {place}."}]
            )
    except openai.APIStatusError as error:
        passes = error.status_code in (408, 409, 429) and error.code != "insufficient_quota"
        final = error.status_code < 500 and not passes
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=final) from error
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


@workflow.defn
class TripUndone:
    @workflow.run
    async def run(self, place: str) -> str:
        try:
            return await workflow.execute_activity(
                book, place, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
        except ActivityError as error:
            await workflow.execute_activity(
                release, place, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
            raise ApplicationError(f"no plan for {place}", type="TripFailed") from error


if __name__ == "__main__":
    plumbing.main(workflows=[TripUndone], activities=[book, release])
