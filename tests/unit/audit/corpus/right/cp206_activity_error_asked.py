"""Failures of a step that are told from a cancellation, or end the workflow."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, is_cancelled_exception, is_cancelled_exception

TRIES = RetryPolicy(maximum_attempts=3)


@activity.defn
async def visit(place: str) -> None: ...


@workflow.defn
class Tour:
    @workflow.run
    async def run(self, places: list[str]) -> int:
        missed = 0
        for place in places:
            try:
                await workflow.execute_activity(
                    visit, place, start_to_close_timeout=timedelta(seconds=10), retry_policy=TRIES
                )
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                missed += 1
        for place in places:
            try:
                await workflow.execute_activity(
                    visit, place, start_to_close_timeout=timedelta(seconds=10), retry_policy=TRIES
                )
            except ActivityError as error:
                if isinstance(error.cause, CancelledError):
                    return missed
                raise ApplicationError("no tour") from error
        try:
            await workflow.execute_activity(
                visit, "home", start_to_close_timeout=timedelta(seconds=10), retry_policy=TRIES
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return -1
        return missed
