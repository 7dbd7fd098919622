"""The worker of campaigns: it does the activities of campaigns on this machine, and runs their workflows."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from harness.campaign.activities import CampaignActivities
from harness.campaign.workflows import CrashproofCampaign, CrashproofScenario

BATCHES = 2
"""Batches that one machine makes at a time: while the last trials of one end, those of the next begin."""

_END = timedelta(seconds=30)  # for activities to clean up


def machine_queue(task_queue: str) -> str:
    """Return the task queue that only this worker process asks, by which it is asked again while it is warm."""
    return f"{task_queue}@{socket.gethostname()}-{os.getpid()}"


@asynccontextmanager
async def working(
    client: Client, activities: CampaignActivities, *, task_queue: str, machine: str
) -> AsyncIterator[None]:
    """Work for campaigns meanwhile.

    Args:
        client: A client of the cluster.
        activities: What this machine does.
        task_queue: The task queue that all machines share.
        machine: The task queue of this machine alone.
    """
    worker = functools.partial(
        Worker,
        client,
        activities=activities.all,
        max_concurrent_activities=BATCHES,
        graceful_shutdown_timeout=_END,
    )
    shared = worker(task_queue=task_queue, workflows=[CrashproofCampaign, CrashproofScenario])
    async with worker(task_queue=machine), shared:
        yield
