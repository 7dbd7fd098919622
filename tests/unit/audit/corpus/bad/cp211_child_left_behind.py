"""Children that are started and not awaited: they are terminated when their parent ends."""

import asyncio

from temporalio import workflow


@workflow.defn
class Child:
    @workflow.run
    async def run(self, number: int) -> int:
        return number


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, number: int) -> int:
        await workflow.start_child_workflow(Child.run, number, id="one")  # finding: CP211
        handle = await workflow.start_child_workflow(Child.run, number, id="two")  # finding: CP211
        workflow.logger.info("started %s", handle.id)
        await asyncio.gather(
            *[workflow.start_child_workflow(Child.run, each, id=f"many-{each}") for each in range(3)]  # finding: CP211
        )
        return number
