"""A query and a validator that start work, and a validator that changes state."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def is_allowed(text: str) -> bool:
    return bool(text)


@workflow.defn
class Moderated:
    def __init__(self) -> None:
        self._texts: list[str] = []
        self._refused = 0

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: len(self._texts) > 2)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._texts

    @workflow.query
    async def allowed(self, text: str) -> bool:
        return await workflow.execute_activity(  # finding: CP204
            is_allowed, text, start_to_close_timeout=timedelta(minutes=1)
        )

    @workflow.update
    async def say(self, text: str) -> None:
        await workflow.execute_activity(is_allowed, text, start_to_close_timeout=timedelta(minutes=1))
        self._texts.append(text)

    @say.validator
    def check(self, text: str) -> None:
        if not text:
            self._refused += 1  # finding: CP204
            raise ValueError("say something")
        self._begin(text)

    def _begin(self, text: str) -> None:
        workflow.start_activity(is_allowed, text, start_to_close_timeout=timedelta(minutes=1))  # finding: CP204
