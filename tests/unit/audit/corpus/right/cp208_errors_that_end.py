"""Errors that fail the workflow, are caught in it, refuse an update, or show a bug."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError


class NoAnswer(ApplicationError):
    """The model did not answer."""


class Fallback(Exception):
    """Ask another model."""


@activity.defn
async def ask(question: str) -> str:
    if not question:
        raise ValueError("ask something")
    return question


@workflow.defn
class Asking:
    def __init__(self) -> None:
        self._asked = False

    @workflow.run
    async def run(self, question: str) -> str:
        if not question:
            raise ApplicationError("ask something", type="NoQuestion")
        try:
            answer = await self._ask(question)
        except Fallback:
            answer = ""
        try:
            return await self._asking(answer)
        except ActivityError as error:
            raise NoAnswer("no answer") from error

    async def _ask(self, question: str) -> str:
        try:
            return await self._asking(question)
        except ActivityError as error:
            raise Fallback("small") from error

    async def _asking(self, question: str) -> str:
        return await workflow.execute_activity(
            ask, question, start_to_close_timeout=timedelta(minutes=1), retry_policy=RetryPolicy(maximum_attempts=3)
        )

    @workflow.update
    def again(self, question: str) -> None:
        self._asked = True

    @again.validator
    def check(self, question: str) -> None:
        if not question:
            raise ValueError("ask something")


class Refused(Exception):
    """Not allowed."""


@workflow.defn(failure_exception_types=[Refused])
class Allowed:
    @workflow.run
    async def run(self, question: str) -> str:
        try:
            return await workflow.execute_activity(
                ask, question, start_to_close_timeout=timedelta(minutes=1), retry_policy=RetryPolicy(maximum_attempts=3)
            )
        except ActivityError as error:
            raise Refused(question) from error
