"""A key that goes down to the request through two functions and a thread."""

import asyncio
import json
import urllib.request
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def order(article: str, number: int) -> str:
    return await effect("order", {"article": article}, key=f"{activity.info().workflow_id}/order-{number}")


async def effect(name: str, body: dict[str, Any], *, key: str = "") -> str:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    return await asyncio.to_thread(send, f"https://effects.example/{name}", body, headers)


def send(url: str, body: dict[str, Any], headers: dict[str, str]) -> str:
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return str(reply.read(1_000))


@workflow.defn
class OrdersWorkflow:
    @workflow.run
    async def run(self, articles: list[str]) -> list[str]:
        return [
            await workflow.execute_activity(
                order,
                args=[article, number],
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=RetryPolicy(maximum_attempts=5),
            )
            for number, article in enumerate(articles)
        ]
