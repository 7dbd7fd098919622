"""Times that are the same in every replay: Temporal's own, given ones, and those of activities and programs."""

import asyncio
import time
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


@activity.defn
async def stamp(text: str) -> str:
    started = time.monotonic()
    return f"{datetime.now(timezone.utc)} {text} {time.time() - started}"


class Calendar:
    """Has methods that are called as those of the standard library are."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def time(self) -> float:
        return self._at.timestamp()


@workflow.defn
class PunctualAgent:
    @workflow.run
    async def run(self, due: float) -> str:
        started = workflow.now()
        calendar = Calendar(started)
        at = datetime.fromtimestamp(due, tz=timezone.utc)
        day = date(2026, 1, 1) + (started.date() - at.date())
        hour = time.strftime("%H", time.gmtime(workflow.time()))
        zoned = started.astimezone(timezone(timedelta(hours=2)))
        loop = asyncio.get_running_loop()
        text = f"{calendar.now()} {calendar.time()} {day} {hour} {zoned} {loop.time()} {format_datetime(at)}"
        text += f"{datetime.strptime('2026', '%Y')} {time.asctime(time.gmtime(due))}"
        return await workflow.execute_activity(stamp, text, start_to_close_timeout=timedelta(minutes=1))


async def main() -> None:
    print(f"started at {time.time()}")
    client = await Client.connect("localhost:7233")
    async with Worker(client, task_queue="agents", workflows=[PunctualAgent], activities=[stamp]):
        await client.execute_workflow(
            PunctualAgent.run, time.time(), id=f"agent-{datetime.now()}", task_queue="agents"
        )


if __name__ == "__main__":
    asyncio.run(main())
