"""A worker whose workflows run in its own process, and whose activities run in a daemon that it starts.

The daemon is forked twice and leads a session of its own. Its process id goes to the file that DAEMONS names. With
CLEAR set, its environment is made anew of nothing but what it needs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

NEEDED = ("PATH", "PYTHONPATH", "TEMPORAL_ADDRESS", "EFFECTS_URL", "DAEMONS")


@activity.defn
def charge(order: str) -> str:
    request = urllib.request.Request(
        f"{os.environ['EFFECTS_URL']}/charge",
        data=json.dumps({"order": order}).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": order},
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


async def work(**what: Any) -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    with ThreadPoolExecutor(2) as threads:
        await Worker(client, task_queue="q", activity_executor=threads, **what).run()


def daemonize() -> None:
    if child := os.fork():
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    environment = {name: os.environ[name] for name in NEEDED if name in os.environ} if "CLEAR" in os.environ else None
    os.execve(sys.executable, [sys.executable, __file__, "daemon"], environment or dict(os.environ))


if __name__ == "__main__":
    if sys.argv[1:] == ["daemon"]:
        with open(os.environ["DAEMONS"], "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        asyncio.run(work(activities=[charge]))
    daemonize()
    asyncio.run(work(workflows=[Charging]))
