"""Errors caught so widely that a cancellation, or the SDK's own error, is among them."""

import asyncio
import contextlib
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def step(query: str) -> str:
    return query


@workflow.defn
class StubbornAgent:
    @workflow.run
    async def run(self, query: str) -> list[str]:
        notes: list[str] = []
        for _ in range(10):
            try:
                notes.append(await self._step(query))
            except Exception as error:  # finding: CP206
                workflow.logger.warning("step failed: %s", error)
        try:
            await workflow.sleep(timedelta(minutes=1))
        except BaseException:  # finding: CP206
            notes.append("no pause")
        try:
            await workflow.wait_condition(lambda: len(notes) > 3)
        except:  # finding: CP206
            pass
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:  # finding: CP206
            workflow.logger.info("cancelled, but going on")
        if len(notes) < 3:
            try:
                workflow.continue_as_new(query)
            except (ValueError, BaseException) as error:  # finding: CP206
                notes.append(str(error))
        return notes

    async def _step(self, query: str) -> str:
        return await workflow.execute_activity(step, query, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn
class SuppressingAgent:
    @workflow.run
    async def run(self, query: str) -> str:
        with contextlib.suppress(asyncio.CancelledError):  # finding: CP206
            await asyncio.sleep(5)
        with contextlib.suppress(Exception):  # finding: CP206
            return await workflow.execute_activity(step, query, start_to_close_timeout=timedelta(minutes=1))
        return ""
