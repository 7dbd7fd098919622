"""Small workflows whose histories are recorded in ``histories/``."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Greeting:
    @workflow.run
    async def run(self, name: str) -> str:
        hello = await _call("hello", name)
        await asyncio.sleep(0.1)
        return await _call("bye", hello)


@workflow.defn
class SetOrder:
    """Calls one activity type for each member of a set: the order is that of the process's hash seed."""

    @workflow.run
    async def run(self) -> str:
        done = ""
        for name in {"alpha", "beta", "gamma", "delta"}:
            done = await _call(name, done)
        return done


async def _call(activity: str, value: str) -> str:
    limit = timedelta(seconds=5)
    answer: str = await workflow.execute_activity(activity, value, result_type=str, start_to_close_timeout=limit)
    return answer
