"""Planted: the length of a timer comes from the random module, through a module that is passed through."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.shared.jitter as jitter


@workflow.defn
class Polling:
    @workflow.run
    async def run(self, rounds: int) -> None:
        for _ in range(rounds):
            await workflow.sleep(jitter.pause())  # decided
