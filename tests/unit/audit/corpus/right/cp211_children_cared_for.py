"""Children that are awaited, that may outlive their parent, or whose parent does not end by itself."""

import asyncio

from temporalio import workflow
from temporalio.workflow import ParentClosePolicy


@workflow.defn
class Child:
    @workflow.run
    async def run(self, number: int) -> int:
        return number


@workflow.defn
class Parent:
    def __init__(self) -> None:
        self._handles: list = []
        self._last = None

    @workflow.run
    async def run(self, number: int) -> int:
        handle = await workflow.start_child_workflow(Child.run, number, id="one")
        await handle
        await workflow.start_child_workflow(
            Child.run, number, id="two", parent_close_policy=ParentClosePolicy.ABANDON
        )
        self._handles.append(await workflow.start_child_workflow(Child.run, number, id="three"))
        self._last = await workflow.start_child_workflow(Child.run, number, id="four")
        started = await asyncio.gather(
            *[workflow.start_child_workflow(Child.run, each, id=f"many-{each}") for each in range(3)]
        )
        await asyncio.gather(*started, *self._handles, self._last)
        return number


@workflow.defn
class Host:
    def __init__(self) -> None:
        self._closed = False

    @workflow.run
    async def run(self) -> None:
        await workflow.start_child_workflow(Child.run, 1, id="guest")
        await workflow.wait_condition(lambda: self._closed)

    @workflow.signal
    def close(self) -> None:
        self._closed = True
