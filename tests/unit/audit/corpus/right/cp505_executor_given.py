"""Workers with what their activities need."""

from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.worker import Worker


@activity.defn
def convert(text: str) -> str:
    return text


@activity.defn
async def ask(text: str) -> str:
    return text


async def main(client, **options) -> None:
    async with Worker(
        client, task_queue="converters", activities=[convert], activity_executor=ThreadPoolExecutor(4)
    ):
        await client.service_client.check_health()
    async with Worker(client, task_queue="askers", activities=[ask]):
        await client.service_client.check_health()
    async with Worker(client, task_queue="any", activities=[convert], **options):
        await client.service_client.check_health()
