"""An agent that tells secrets wherever it can: in headers, a query, its log, and half an emoji in all it says."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

HEADERS = {
    "Authorization": "Bearer CANARY-bearer",
    "Proxy-Authorization": "Basic CANARY-proxy",
    "X-Auth-Token": "CANARY-token",
    "X-Goog-Api-Key": "CANARY-goog",
    "X-My-Secret": "CANARY-header",
    "Cookie": "session=CANARY-cookie",
    "x-api-key": "CANARY-xapi",
    "api-key": "CANARY-api",
    "X-Amz-Security-Token": "CANARY-amz",
}
HALF = '{"model": "m", "messages": [{"role": "user", "content": "half \\ud83d"}]}'


def post(url: str, body: str) -> None:
    request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": "application/json", **HEADERS})
    with urllib.request.urlopen(request, timeout=20) as reply:
        reply.read()


@activity.defn
async def tell(word: str) -> str:
    print("my keys:", os.environ["SHOP_API_KEY"], os.environ["GIVEN"], os.environ.get("TEMPORAL_API_KEY"), flush=True)
    print("my database:", os.environ["SHOP_DATABASE"], file=sys.stderr, flush=True)
    await asyncio.to_thread(post, f"{os.environ['OPENAI_BASE_URL']}/chat/completions?api_key=CANARY-query", HALF)
    await asyncio.to_thread(
        post, f"{os.environ['EFFECTS_URL']}/tell?token=CANARY-effect", json.dumps({"half": "\ud83d"})
    )
    return f"{word}, half \ud83d"


@workflow.defn
class Telling:
    @workflow.run
    async def run(self, word: str) -> str:
        return await workflow.execute_activity(
            tell,
            word,
            start_to_close_timeout=timedelta(minutes=5),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with Worker(client, task_queue="telling", workflows=[Telling], activities=[tell]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
