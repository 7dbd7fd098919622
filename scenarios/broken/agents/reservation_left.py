"""Planted: a seat is reserved first; when the model then fails for good, the trip fails and the seat stays reserved."""

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
async def reserve(place: str) -> None:
    await plumbing.effect("reserve", {"seat_to": place}, key=f"{activity.info().workflow_id}/reserve")


@activity.defn
async def plan_trip(place: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Plan a day in {place}."}]
        )
    return answer.choices[0].message.content or ""


@workflow.defn
class TripHalfDone:
    @workflow.run
    async def run(self, place: str) -> str:
        await workflow.execute_activity(
            reserve, place, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        return await workflow.execute_activity(
            plan_trip, place, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[TripHalfDone], activities=[reserve, plan_trip])
