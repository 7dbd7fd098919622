"""An activity that the only worker of the workflow does not know."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

TRIES = RetryPolicy(maximum_attempts=3)
LIMIT = timedelta(seconds=10)


@activity.defn
async def draft(topic: str) -> str:
    return topic


@activity.defn
async def publish(text: str) -> None: ...


@workflow.defn
class Blog:
    @workflow.run
    async def run(self, topic: str) -> None:
        text = await workflow.execute_activity(draft, topic, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        await workflow.execute_activity(  # finding: CP504
            publish, text, start_to_close_timeout=LIMIT, retry_policy=TRIES
        )


async def serve(client, **options) -> None:
    async with Worker(client, task_queue="blog", **options):
        await client.service_client.check_health()


async def main(client) -> None:
    await serve(client, workflows=[Blog], activities=[draft])
