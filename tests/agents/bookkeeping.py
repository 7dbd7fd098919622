"""Writes what it has done into a SQLite file of its own: with a key or without, as the variable KEYED says."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


@activity.defn
def book(order: str) -> str:
    key = f"{activity.info().workflow_id}/{activity.info().activity_id}" if os.environ.get("KEYED") else None
    with closing(sqlite3.connect(os.environ["AUDIT"])) as database, database:
        database.execute("create table if not exists bookings (id integer primary key, ordered text, key text unique)")
        database.execute("insert or ignore into bookings (ordered, key) values (?, ?)", (order, key))
    return order


@workflow.defn
class Bookkeeping:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            book,
            order,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    with ThreadPoolExecutor(4) as pool:
        async with Worker(
            client, task_queue="bookings", workflows=[Bookkeeping], activities=[book], activity_executor=pool
        ):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
