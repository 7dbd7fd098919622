"""Beats from threads that were given the context of the activity, and from tasks, which have it."""

import asyncio
import contextvars
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
    threading.Thread(target=contextvars.copy_context().run, args=(beat, stop)).start()
    time.sleep(60)
    stop.set()


@activity.defn
def in_pool() -> None:
    stop = threading.Event()
    context = contextvars.copy_context()
    POOL.submit(context.run, beat, stop)
    time.sleep(60)
    stop.set()


@activity.defn
async def in_executor() -> None:
    stop = threading.Event()
    running = asyncio.create_task(asyncio.to_thread(beat, stop))
    await asyncio.sleep(60)
    stop.set()
    await running


@workflow.defn
class Works:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            in_thread,
            start_to_close_timeout=timedelta(seconds=90),
            heartbeat_timeout=timedelta(seconds=5),
            retry_policy=TRIES,
        )
        await workflow.execute_activity(
            in_pool,
            start_to_close_timeout=timedelta(seconds=90),
            heartbeat_timeout=timedelta(seconds=5),
            retry_policy=TRIES,
        )
        await workflow.execute_activity(
            in_executor,
            start_to_close_timeout=timedelta(seconds=90),
            heartbeat_timeout=timedelta(seconds=5),
            retry_policy=TRIES,
        )
