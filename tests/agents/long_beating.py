"""An agent with one long activity that beats until the file OVER is there, or says nothing, as it is asked."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

SILENT_ATTEMPTS = 2


@activity.defn
async def watch(how: str) -> str:
    activity.heartbeat("begun")
    print("at work", flush=True)
    if how == "silent" and activity.info().attempt <= SILENT_ATTEMPTS:
        await asyncio.sleep(60)
    beats = 0
    while beats < 20 or not os.path.exists(os.environ["OVER"]):
        activity.heartbeat("beating")
        await asyncio.sleep(0.1)
        beats += 1
    return how


@workflow.defn
class Watching:
    @workflow.run
    async def run(self, how: str) -> str:
        return await workflow.execute_activity(
            watch,
            how,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=3 if how == "silent" else 1),
            # Silence lasts until the next attempt: that of the second one far longer than a busy machine explains.
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=1), backoff_coefficient=20 if how == "silent" else 1
            ),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue="watching", workflows=[Watching], activities=[watch]).run()


if __name__ == "__main__":
    asyncio.run(main())
