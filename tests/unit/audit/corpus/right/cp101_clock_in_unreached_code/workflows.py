"""Imports a module of which only the innocent half is used."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from toolbox import Timer, clean, fetch_page


@workflow.defn
class Reader:
    @workflow.run
    async def run(self, url: str) -> str:
        timer = Timer(workflow.time)
        page = await workflow.execute_activity(
            fetch_page, url, start_to_close_timeout=timedelta(minutes=1), retry_policy=RetryPolicy(maximum_attempts=3)
        )
        return f"{clean(page)} in {timer.seconds()}"
