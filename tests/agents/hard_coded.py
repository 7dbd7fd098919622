"""A worker whose namespace and task queue are hard-coded; only the server's address is told to it."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


@activity.defn
def mark(word: str) -> str:
    body = json.dumps({"word": word}).encode()
    url = f"{os.environ['EFFECTS_URL']}/mark"
    request = urllib.request.Request(
        url, data=body, headers={"Content-Type": "application/json", "Idempotency-Key": word}
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        reply.read()
    return word


@workflow.defn
class Marking:
    @workflow.run
    async def run(self, word: str) -> str:
        return await workflow.execute_activity(
            mark,
            word,
            start_to_close_timeout=timedelta(minutes=5),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    from concurrent.futures import ThreadPoolExecutor

    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace="default")
    with ThreadPoolExecutor(2) as threads:
        await Worker(
            client, task_queue="fixed", workflows=[Marking], activities=[mark], activity_executor=threads
        ).run()


if __name__ == "__main__":
    asyncio.run(main())
