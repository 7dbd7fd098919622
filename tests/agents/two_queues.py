"""An agent whose activities are done on one task queue and whose workflow is on another; given ``both``, on both."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


@activity.defn
async def pack(order: str) -> str:
    return f"{order}, packed"


@workflow.defn
class Ordering:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            pack, order, start_to_close_timeout=timedelta(minutes=5), task_queue="a-warehouse"
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    both = [Ordering] if "both" in sys.argv else []
    warehouse = Worker(client, task_queue="a-warehouse", workflows=both, activities=[pack])
    orders = Worker(client, task_queue="orders", workflows=[Ordering])
    await asyncio.gather(warehouse.run(), orders.run())


if __name__ == "__main__":
    asyncio.run(main())
