"""Looks like the clock and the time zone of the machine, but the time is Temporal's own and the zone is written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities

VIENNA = timezone(timedelta(hours=1), "Vienna")


@workflow.defn
class OwnAgenda:
    @workflow.run
    async def run(self, due: float) -> str:
        started = datetime.fromtimestamp(workflow.time(), UTC)
        prompt = (
            f"It is {workflow.now().astimezone(VIENNA):%A %H:%M}, {started:%x %X}, due {due - workflow.time():.0f} s"
        )
        return await workflow.execute_activity(activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30))
