"""Beats from threads that know nothing of the activity: activity.heartbeat raises there, and nobody sees it."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

POOL = ThreadPoolExecutor(4)
TRIES = RetryPolicy(maximum_attempts=3)


def beat(stop: threading.Event) -> None:
    while not stop.wait(1):
        activity.heartbeat()


@activity.defn
def in_thread() -> None:
    stop = threading.Event()
    threading.Thread(target=beat, args=(stop,), daemon=True).start()  # finding: CP315
    time.sleep(60)
    stop.set()


@activity.defn
def in_pool() -> None:
    stop = threading.Event()
    POOL.submit(beat, stop)  # finding: CP315
    time.sleep(60)
    stop.set()


@activity.defn
async def in_executor() -> None:
    stop = threading.Event()
    running = asyncio.get_running_loop().run_in_executor(None, beat, stop)  # finding: CP315
    await asyncio.sleep(60)
    stop.set()
    await running


@workflow.defn
class Works:
    @workflow.run
    async def run(self) -> None:
        for each in (in_thread, in_pool, in_executor):
            await workflow.execute_activity(
                each,
                start_to_close_timeout=timedelta(seconds=90),
                heartbeat_timeout=timedelta(seconds=5),
                retry_policy=TRIES,
            )
