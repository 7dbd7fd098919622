"""A research agent that bounds its own time with the clock of the worker's machine."""

import datetime as dt
import time
from datetime import date, datetime, timedelta, timezone

from temporalio import activity, workflow


@activity.defn
async def research(topic: str, day: str) -> str:
    return f"{topic} on {day}"


@workflow.defn
class ResearchWithinBudget:
    @workflow.run
    async def run(self, topic: str) -> list[str]:
        started = time.time()  # finding: CP101
        notes: list[str] = []
        while time.monotonic() < started + 60:  # finding: CP101
            day = date.today().isoformat()  # finding: CP101
            notes.append(
                await workflow.execute_activity(research, args=[topic, day], start_to_close_timeout=timedelta(minutes=1))
            )
        return [*notes, self._stamp()]

    def _stamp(self) -> str:
        utc = dt.datetime.utcnow()  # finding: CP101
        aware = datetime.now(timezone.utc)  # finding: CP101
        return f"{utc} {aware}"
