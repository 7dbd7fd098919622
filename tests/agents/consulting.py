"""An agent with one activity that beats, asks a model and orders something, and that ends well when asked to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def consult(topic: str) -> str:
    activity.heartbeat("asking")
    question = {"model": "m", "messages": [{"role": "user", "content": topic}]}
    try:
        said = await asyncio.to_thread(post, f"{os.environ['OPENAI_BASE_URL']}/chat/completions", question)
    except urllib.error.HTTPError as error:
        wait = timedelta(seconds=float(error.headers.get("retry-after", 0)))
        raise ApplicationError(str(error), type="ModelError", next_retry_delay=wait or None) from error
    answer = str(said["choices"][0]["message"]["content"])
    await asyncio.to_thread(post, f"{os.environ['EFFECTS_URL']}/order", {"what": answer}, key=f"order-{topic}")
    return answer


@workflow.defn
class Consulting:
    @workflow.run
    async def run(self, topic: str) -> str:
        return await workflow.execute_activity(
            consult,
            topic,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RETRIES,
        )


def post(url: str, body: dict[str, Any], *, key: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with Worker(
        client,
        task_queue="consulting",
        workflows=[Consulting],
        activities=[consult],
        graceful_shutdown_timeout=timedelta(seconds=5),
    ):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
