"""A worker with a threaded activity and no executor for it: its making raises."""

from temporalio import activity
from temporalio.worker import Worker


@activity.defn
def convert(text: str) -> str:
    return text


async def main(client) -> None:
    worker = Worker(client, task_queue="converters", activities=[convert])  # finding: CP505
    async with worker:
        await client.service_client.check_health()
