"""Polls with worker versioning: it gets no task before its version is the current one."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy, VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig


@activity.defn
async def write(topic: str) -> str:
    return f"About {topic}."


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class Pinned:
    @workflow.run
    async def run(self, topic: str) -> str:
        return await workflow.execute_activity(
            write,
            topic,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    version = WorkerDeploymentVersion(deployment_name="pinned-notes", build_id=sys.argv[1] if sys.argv[1:] else "b1")
    deployment = WorkerDeploymentConfig(version=version, use_worker_versioning=True)
    async with Worker(
        client, task_queue="pinned", workflows=[Pinned], activities=[write], deployment_config=deployment
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
