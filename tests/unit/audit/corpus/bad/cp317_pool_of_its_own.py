"""An activity that waits in the pool in which it runs: when all threads do that, none is left for the work."""

from concurrent.futures import ThreadPoolExecutor, wait

from temporalio import activity, workflow
from temporalio.worker import Worker

POOL = ThreadPoolExecutor(4)


def length(text: str) -> int:
    return len(text)


@activity.defn
def count(texts: list[str]) -> int:
    return sum(POOL.submit(length, text).result() for text in texts)  # finding: CP317


@activity.defn
def count_all(texts: list[str]) -> int:
    futures = [POOL.submit(length, text) for text in texts]  # finding: CP317
    wait(futures)
    return sum(each.result() for each in futures)


@activity.defn
def count_mapped(texts: list[str]) -> int:
    return sum(POOL.map(length, texts))  # finding: CP317


@workflow.defn
class Counts:
    @workflow.run
    async def run(self) -> None: ...


def make(client) -> Worker:
    return Worker(
        client,
        task_queue="counts",
        workflows=[Counts],
        activities=[count, count_all, count_mapped],
        activity_executor=POOL,
    )
