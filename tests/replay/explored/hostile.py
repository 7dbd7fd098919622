"""Hostile: workflows and activities that hang, end their process, or answer with too much."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing
    from tests.replay.explored.passed_through import ANSWERED

ONCE = RetryPolicy(maximum_attempts=1)


@activity.defn
async def hangs() -> None:
    await asyncio.Event().wait()


@activity.defn
async def ends_the_process() -> None:
    os._exit(7)


@activity.defn
async def answers_much() -> str:
    return "x" * 50_000_000


@workflow.defn
class Calls:
    @workflow.run
    async def run(self, name: str) -> str:
        await workflow.execute_activity(name, start_to_close_timeout=timedelta(minutes=1), retry_policy=ONCE)
        return "done"


@workflow.defn
class CallsElsewhere:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            hangs, task_queue="elsewhere", start_to_close_timeout=timedelta(minutes=1), retry_policy=ONCE
        )


@workflow.defn
class GoesOn:
    @workflow.run
    async def run(self) -> None:
        while True:
            await asyncio.sleep(60)


@workflow.defn(sandboxed=False)
class Blocks:
    @workflow.run
    async def run(self) -> None:
        while True:  # it holds the thread, and leaves the processors to others
            time.sleep(0.01)


@workflow.defn(sandboxed=False)
class Exits:
    @workflow.run
    async def run(self) -> None:
        os._exit(9)


@workflow.defn
class DiffersEachTime:
    @workflow.run
    async def run(self) -> str:
        ANSWERED.append("run")
        if len(ANSWERED) % 2:
            await asyncio.sleep(len(ANSWERED))
        return await workflow.execute_activity(
            f"activity {len(ANSWERED)}", start_to_close_timeout=timedelta(minutes=1), retry_policy=ONCE
        )


if __name__ == "__main__":
    plumbing.main(
        workflows=[Calls, CallsElsewhere, GoesOn, Blocks, Exits, DiffersEachTime],
        activities=[hangs, ends_the_process, answers_much],
    )
