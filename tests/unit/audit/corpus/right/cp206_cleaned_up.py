"""A cancellation during the cleaning up that follows a cancellation, which is raised in the end."""

import asyncio

from temporalio import workflow


@workflow.defn
class Greeter:
    @workflow.run
    async def run(self) -> None:
        try:
            await workflow.sleep(60)
        except asyncio.CancelledError:
            try:
                await asyncio.shield(asyncio.sleep(1))
            except asyncio.CancelledError:
                pass
            raise
