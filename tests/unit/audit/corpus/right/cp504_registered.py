"""Activities that some worker knows, that another one serves on its own queue, or of lists that cannot be read."""

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


@activity.defn
async def translate(text: str) -> None: ...


@workflow.defn
class Blog:
    @workflow.run
    async def run(self, topic: str) -> None:
        text = await workflow.execute_activity(draft, topic, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        await workflow.execute_activity(publish, text, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        await workflow.execute_activity(
            translate, text, task_queue="translators", start_to_close_timeout=LIMIT, retry_policy=TRIES
        )


@workflow.defn
class Other:
    @workflow.run
    async def run(self, topic: str) -> None:
        await workflow.execute_activity(translate, topic, start_to_close_timeout=LIMIT, retry_policy=TRIES)


async def main(client, plugged) -> None:
    writers = [draft]
    async with Worker(client, task_queue="blog", workflows=[Blog], activities=[*writers, publish]):
        await client.service_client.check_health()
    async with Worker(client, task_queue="other", workflows=[Other], activities=plugged):
        await client.service_client.check_health()
