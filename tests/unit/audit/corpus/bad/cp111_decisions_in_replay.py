"""What the workflow does depends on whether it is replayed."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.workflow import unsafe


@activity.defn
async def notify(text: str) -> None: ...


@workflow.defn
class QuietAgent:
    def __init__(self) -> None:
        self._notified = 0

    @workflow.run
    async def run(self, text: str) -> str:
        if not workflow.unsafe.is_replaying():  # finding: CP111
            await workflow.execute_activity(notify, text, start_to_close_timeout=timedelta(minutes=1))
        pause = 0 if unsafe.is_replaying() else 60  # finding: CP111
        await workflow.sleep(timedelta(seconds=pause))
        await self._count()
        return text

    async def _count(self) -> None:
        if unsafe.is_replaying():  # finding: CP111
            return
        self._notified += 1
        await workflow.wait_condition(lambda: self._notified > 0)
