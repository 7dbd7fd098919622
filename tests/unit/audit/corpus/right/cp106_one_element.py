"""A set that is gone through only where it has one element."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def visit(name: str) -> None: ...


@workflow.defn
class Visits:
    @workflow.run
    async def run(self, names: list[str]) -> None:
        distinct = set(names)
        if len(distinct) == 1:
            await workflow.execute_activity(
                visit,
                next(iter(distinct)),
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=3),
            )


@workflow.defn
class OneVisit:
    @workflow.run
    async def run(self, names: list[str]) -> None:
        distinct = {name.lower() for name in names}
        if len(distinct) != 1:
            return
        only = next(iter(distinct))
        await workflow.execute_activity(
            visit, only, start_to_close_timeout=timedelta(seconds=10), retry_policy=RetryPolicy(maximum_attempts=3)
        )
