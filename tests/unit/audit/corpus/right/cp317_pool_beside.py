"""Activities that use another pool than the one they run in, or that do not wait for it."""

from concurrent.futures import ThreadPoolExecutor

from temporalio import activity, workflow
from temporalio.worker import Worker

POOL = ThreadPoolExecutor(4)
OTHER = ThreadPoolExecutor(4)


def length(text: str) -> int:
    return len(text)


@activity.defn
def count(texts: list[str]) -> int:
    return sum(OTHER.submit(length, text).result() for text in texts)


@activity.defn
def forget(texts: list[str]) -> None:
    for text in texts:
        POOL.submit(length, text)


@workflow.defn
class Counts:
    @workflow.run
    async def run(self) -> None: ...


def make(client) -> Worker:
    return Worker(
        client, task_queue="counts", workflows=[Counts], activities=[count, forget], activity_executor=POOL
    )
