"""Planted: a reminder runs beside the trip and is told when the trip is planned; if it fails, nobody ever tells it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)


@activity.defn
async def plan_trip(place: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Plan a day in {place}."}]
        )
    return answer.choices[0].message.content or ""


@workflow.defn
class Reminder:
    def __init__(self) -> None:
        self._planned = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._planned)

    @workflow.signal
    def planned(self) -> None:
        self._planned = True


@workflow.defn
class TripWithReminder:
    @workflow.run
    async def run(self, place: str) -> str:
        reminder = await workflow.start_child_workflow(Reminder.run, parent_close_policy=ParentClosePolicy.ABANDON)
        text = await workflow.execute_activity(
            plan_trip, place, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        await reminder.signal(Reminder.planned)
        await reminder
        return text


if __name__ == "__main__":
    plumbing.main(workflows=[TripWithReminder, Reminder], activities=[plan_trip])
