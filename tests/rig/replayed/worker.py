"""The worker: ``python -m tests.rig.replayed.worker``, on a queue named by ORDER_TASK_QUEUE."""

from __future__ import annotations

import asyncio
import os

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.worker import Worker

from tests.rig.replayed.secret import SECRET
from tests.rig.replayed.workflows import Counting, Greedy, Order, Parting, Shipping, price, reserve


async def main() -> None:
    """Work until killed."""
    converter = SECRET if os.environ.get("ORDER_SECRET") else DataConverter.default
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=converter)
    workflows = [Order, Shipping, Counting, Parting, *([Greedy] if os.environ.get("ORDER_GREEDY") != "no" else [])]
    queue = os.environ.get("ORDER_TASK_QUEUE", "orders")
    worker = Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=[price, reserve],
        max_cached_workflows=int(os.environ.get("ORDER_CACHE", "1000")),
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
