"""A workflow that gives up by raising errors that Temporal takes for bugs."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError


class NoAnswer(RuntimeError):
    """The model did not answer."""


@activity.defn
async def ask(question: str) -> str:
    return question


@workflow.defn
class Asking:
    @workflow.run
    async def run(self, question: str) -> str:
        try:
            answer = await self._ask(question)
        except ActivityError as error:
            raise ValueError(f"no answer to {question}") from error  # finding: CP208
        return await self._again(answer)

    async def _again(self, question: str) -> str:
        try:
            return await self._ask(question)
        except ActivityError:
            raise NoAnswer(question)  # finding: CP208

    async def _ask(self, question: str) -> str:
        return await workflow.execute_activity(
            ask, question, start_to_close_timeout=timedelta(minutes=1), retry_policy=RetryPolicy(maximum_attempts=3)
        )
