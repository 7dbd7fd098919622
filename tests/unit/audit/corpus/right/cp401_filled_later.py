"""Options that are put together step by step, or copied from elsewhere: a timeout may be among them."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def visit(name: str) -> None: ...


@workflow.defn
class Visits:
    @workflow.run
    async def run(self, given: dict) -> None:
        options = dict(given)
        await workflow.execute_activity(visit, "one", **options)
        more = {"retry_policy": RetryPolicy(maximum_attempts=3)}
        more["start_to_close_timeout"] = timedelta(seconds=10)
        await workflow.execute_activity(visit, "two", **more)
