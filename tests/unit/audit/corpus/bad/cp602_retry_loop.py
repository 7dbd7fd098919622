"""A workflow that starts a failed activity again for as long as it fails."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError


@activity.defn
async def publish(text: str) -> str:
    return text


@workflow.defn
class PublishWorkflow:
    @workflow.run
    async def run(self, text: str) -> str:
        while True:  # finding: CP602
            try:
                return await workflow.execute_activity(
                    publish,
                    text,
                    start_to_close_timeout=timedelta(seconds=10),
                    retry_policy=RetryPolicy(maximum_attempts=3),
                )
            except ActivityError:  # finding: CP206
                workflow.logger.warning("publishing failed, once more")
                await workflow.sleep(60)
