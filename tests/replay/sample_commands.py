"""A workflow that issues every kind of command, some of them from helpers and from inside of gather."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

LIMIT = timedelta(seconds=5)


@workflow.defn
class Child:
    @workflow.run
    async def run(self, name: str) -> str:
        await workflow.wait_condition(lambda: self.told)
        return name

    def __init__(self) -> None:
        self.told = False

    @workflow.signal
    def tell(self) -> None:
        self.told = True


@workflow.defn
class AllCommands:
    def __init__(self) -> None:
        self.names: list[str] = []

    @workflow.update
    async def add(self, name: str) -> int:
        await workflow.execute_activity("added", name, start_to_close_timeout=LIMIT)
        self.names.append(name)
        return len(self.names)

    @add.validator
    def check(self, name: str) -> None:
        if not name:
            raise ValueError("no name")

    @workflow.signal
    async def note(self, text: str) -> None:
        await workflow.execute_activity("noted", text, start_to_close_timeout=LIMIT)

    @workflow.run
    async def run(self, last: bool) -> str:
        if not last:
            await self._begin()
        return await self._end()

    async def _begin(self) -> None:
        if workflow.patched("one"):
            await workflow.execute_local_activity("near", 1, start_to_close_timeout=LIMIT)
        await asyncio.gather(
            workflow.execute_activity("left", 1, start_to_close_timeout=LIMIT),
            workflow.execute_activity("right", 2, schedule_to_close_timeout=timedelta(seconds=9)),
            helper("third"),
        )
        workflow.upsert_memo({"step": 2})
        workflow.upsert_search_attributes([SearchAttributeKey.for_keyword("CustomKeywordField").value_set("x")])
        timer = asyncio.create_task(asyncio.sleep(600))
        await asyncio.sleep(0.1)
        timer.cancel()
        child = await workflow.start_child_workflow(Child.run, "kid", id=f"{workflow.info().workflow_id}-child")
        await child.signal(Child.tell)
        await child
        slow = workflow.start_activity("slow", start_to_close_timeout=timedelta(seconds=60), heartbeat_timeout=LIMIT)
        await asyncio.sleep(0.1)  # while slow runs
        slow.cancel()
        await workflow.wait_condition(lambda: len(self.names) >= 1)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(True)

    async def _end(self) -> str:
        external = workflow.get_external_workflow_handle("nobody")
        try:
            await external.signal("tell")
        except Exception as error:
            workflow.logger.info("as expected: %s", error)
        result = await workflow.execute_activity(
            "left", 1, start_to_close_timeout=LIMIT, retry_policy=RetryPolicy(maximum_attempts=3)
        )
        if result:
            return "odd"
        return "done"


@workflow.defn
class Fails:
    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(0.01)
        fail_now()


def fail_now() -> None:
    from temporalio.exceptions import ApplicationError

    raise ApplicationError("as planned")


async def helper(name: str) -> None:
    await workflow.execute_activity(  # below run
        name,
        start_to_close_timeout=LIMIT,
    )
