"""Blocking calls where they may block: in a threaded activity, and in a thread of an async one."""

import asyncio
import subprocess
import time

import requests
from temporalio import activity


@activity.defn
def fetch_page(url: str) -> str:
    for _ in range(2):
        activity.heartbeat()
        time.sleep(0.2)
    return requests.get(url, timeout=20).text[:10_000]


@activity.defn
async def fetch_in_thread(url: str) -> str:
    reply = await asyncio.to_thread(requests.get, url, timeout=20)
    return str(reply.text)[:10_000]


@activity.defn
async def check(file: str) -> str:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, _check, file)


def _check(file: str) -> str:
    return subprocess.run(["ruff", "check", file], capture_output=True, text=True, timeout=60).stdout[:1_000]
