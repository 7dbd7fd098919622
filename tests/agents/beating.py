"""An agent with one activity that beats and one that does not, both with production timeouts."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def draft(topic: str) -> str:
    done = activity.info().heartbeat_details
    for part in range(done[0] if done else 0, 3):
        activity.heartbeat(part + 1)
        await asyncio.sleep(0.05 if activity.info().attempt == 1 else 0.5)
    return f"three parts on {topic}"


@workflow.defn
class Writing:
    @workflow.run
    async def run(self, topic: str) -> str:
        return await workflow.execute_activity(
            draft,
            topic,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=6),  # in real time a dead attempt is waited for so long
            retry_policy=RETRIES,
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue="writing", workflows=[Writing], activities=[draft]).run()


if __name__ == "__main__":
    asyncio.run(main())
