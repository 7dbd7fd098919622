"""A cancellation that comes as ActivityError or ChildWorkflowError, and is taken for a failure of the step."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ChildWorkflowError

TRIES = RetryPolicy(maximum_attempts=3)


@activity.defn
async def visit(place: str) -> None: ...


@workflow.defn
class Step:
    @workflow.run
    async def run(self, place: str) -> None: ...


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
            except ActivityError:  # finding: CP206
                missed += 1
        for place in places:
            try:
                await workflow.execute_child_workflow(Step.run, place, id=place)
            except (ChildWorkflowError, TimeoutError) as error:  # finding: CP206
                workflow.logger.warning("missed %s: %s", place, error)
        return missed
