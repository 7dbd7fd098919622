"""Workflows that wait for what signals bring, or what they set themselves, or not for ever."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def step(query: str) -> str:
    return query


class Pausable:
    def __init__(self) -> None:
        self._paused = False

    @workflow.signal
    def pause(self, paused: bool) -> None:
        self._paused = paused


@workflow.defn
class Paused(Pausable):
    def __init__(self) -> None:
        super().__init__()
        self._approved = False
        self._ended = False
        self._ready = True

    @workflow.run
    async def run(self, query: str) -> str:
        await workflow.wait_condition(lambda: self._ready)
        await workflow.wait_condition(lambda: not self._paused)
        text = await workflow.execute_activity(step, query, start_to_close_timeout=timedelta(minutes=1))
        try:
            await workflow.wait_condition(lambda: self._ended, timeout=timedelta(days=1))
        except asyncio.TimeoutError:
            text += " (not ended)"
        await workflow.wait_condition(lambda: self._approved)
        return text

    @workflow.signal
    def approve(self) -> None:
        self._approved = True
