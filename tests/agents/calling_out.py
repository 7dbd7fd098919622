"""Calls a service somewhere in the world by plain HTTP: with a key that is the same in every attempt, or without."""

from __future__ import annotations

import asyncio
import os
import urllib.request
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


def post(order: str, key: str) -> str:
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    request = urllib.request.Request(os.environ["SERVICE"], data=f'"{order}"'.encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return str(reply.read().decode())


@activity.defn
async def charge(order: str) -> str:
    key = activity.info().activity_id if os.environ.get("KEYED") else ""
    return await asyncio.to_thread(post, order, key)


@workflow.defn
class CallingOut:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            charge,
            order,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with Worker(client, task_queue="calls", workflows=[CallingOut], activities=[charge]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
