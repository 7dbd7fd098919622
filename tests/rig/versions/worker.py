"""A worker that every supported version of the Temporal SDK can run: it charges a customer once."""

from __future__ import annotations

import asyncio
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


@activity.defn
def charge(customer: str) -> str:
    """Charge a customer; the receiver knows a repeated charge by its key."""
    key = f"{activity.info().workflow_id}/{activity.info().activity_id}"
    request = urllib.request.Request(
        f"{os.environ['EFFECTS_URL']}/charge", data=b"{}", headers={"Idempotency-Key": key}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        reply.read()
    return f"{customer} was charged"


@workflow.defn
class Charging:
    @workflow.run
    async def run(self, customer: str) -> str:
        return await workflow.execute_activity(
            charge,
            customer,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    with ThreadPoolExecutor(2) as threads:
        await Worker(
            client, task_queue="charging", workflows=[Charging], activities=[charge], activity_executor=threads
        ).run()


if __name__ == "__main__":
    asyncio.run(main())
