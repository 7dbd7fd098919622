"""A worker and its client in one program: starts a run under an id made up anew, adds by signal, closes by update.

With the variable EAGER it asks for the first workflow task with the answer to its start.
"""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

QUEUE = "one-program-orders"


def post(name: str, body: object, key: str) -> None:
    request = urllib.request.Request(
        f"{os.environ['EFFECTS_URL']}/{name}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    urllib.request.urlopen(request, timeout=20).read()


@activity.defn
async def charge(items: list[str]) -> int:
    await asyncio.to_thread(post, "charge", items, activity.info().activity_id)
    return len(items)


@workflow.defn
class Ordering:
    def __init__(self) -> None:
        self.items: list[str] = []
        self.closed = False

    @workflow.signal
    def add(self, item: str) -> None:
        self.items.append(item)

    @workflow.update
    async def close(self) -> int:
        self.closed = True
        return len(self.items)

    @workflow.run
    async def run(self, customer: str) -> str:
        await workflow.wait_condition(lambda: self.closed)
        count = await workflow.execute_activity(
            charge,
            self.items,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return f"{customer}: {count}"


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with Worker(client, task_queue=QUEUE, workflows=[Ordering], activities=[charge]):
        handle = await client.start_workflow(
            Ordering.run,
            "Ada",
            id=f"order-{uuid.uuid4()}",
            task_queue=QUEUE,
            request_eager_start="EAGER" in os.environ,
        )
        await handle.signal(Ordering.add, "tea")
        await handle.signal(Ordering.add, "cake")
        assert await handle.execute_update(Ordering.close) == 2
        print(await handle.result())


if __name__ == "__main__":
    asyncio.run(main())
