"""Planted: a seat is reserved before the model is asked; where that fails for good nobody gives the seat back."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)


@activity.defn
async def book(place: str) -> str:
    await plumbing.effect("reserve", {"seat_to": place}, key=f"{activity.info().workflow_id}/reserve")
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Plan a day in {place}."}]
        )
    return answer.choices[0].message.content or ""


@workflow.defn
class TripHalfDone:
    @workflow.run
    async def run(self, place: str) -> str:
        return await workflow.execute_activity(
            book, place, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[TripHalfDone], activities=[book])
