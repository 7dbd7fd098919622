"""Approvals that came too early are forgotten, and answers that come quickly overwrite each other."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def publish(text: str) -> str:
    return text


@workflow.defn
class Approved:
    @workflow.run
    async def run(self, text: str) -> str:
        await workflow.execute_activity(publish, text, start_to_close_timeout=timedelta(minutes=5))
        self._approved = False  # finding: CP205
        await workflow.wait_condition(lambda: self._approved)
        return text

    @workflow.signal
    def approve(self) -> None:
        self._approved = True


@workflow.defn
class Chat:
    def __init__(self) -> None:
        self._message: str | None = None
        self._ended = False

    @workflow.run
    async def run(self) -> None:
        while not self._ended:
            await workflow.wait_condition(lambda: self._message is not None or self._ended)
            if self._message is not None:
                await workflow.execute_activity(publish, self._message, start_to_close_timeout=timedelta(minutes=5))
            self._message = None  # finding: CP205

    @workflow.signal
    def say(self, message: str) -> None:
        self._message = message

    @workflow.signal
    def end(self) -> None:
        self._ended = True
