"""Workflows whose decisions depend on the process they run in, and workflows that only look as if they did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import time

    import tests.replay.sample_passed_through as shared

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")


async def _call(*values: object) -> None:
    await workflow.execute_activity("call", args=list(values), start_to_close_timeout=timedelta(seconds=5))


@workflow.defn
class SetOrder:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(*set(NAMES))


@workflow.defn
class DictFromSet:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(list({each: len(each) for each in set(NAMES)}))


@workflow.defn
class Hash:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(hash(name) % 1000)


@workflow.defn
class LocalZone:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(datetime.fromtimestamp(0).isoformat())


@workflow.defn
class Calendar:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(shared.this_year())


@workflow.defn
class Encoding:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(shared.encoding())


@workflow.defn
class Cache:
    @workflow.run
    async def run(self, name: str) -> None:
        if name not in shared.CACHE:
            shared.CACHE.add(name)
            await _call("ask")
        await _call("use")


@workflow.defn(sandboxed=False)
class ClassAttribute:
    turns = 0

    @workflow.run
    async def run(self, name: str) -> None:
        ClassAttribute.turns += 1
        await _call(self.turns)


@workflow.defn
class SortedSet:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(*sorted(set(NAMES)))


@workflow.defn
class OwnTime:
    @workflow.run
    async def run(self, name: str) -> None:
        workflow.logger.info("it is %s", workflow.now())
        at = datetime.fromtimestamp(workflow.time(), UTC)
        await _call(workflow.now().isoformat(), at.isoformat(), time.strftime("%H", time.gmtime(workflow.time())))


@workflow.defn
class OwnRandom:
    @workflow.run
    async def run(self, name: str) -> None:
        await _call(str(workflow.uuid4()), workflow.random().random())


@workflow.defn
class OwnModule:
    """The sandbox imports a workflow's own module for each run anew: what it keeps is not shared."""

    turns = 0

    @workflow.run
    async def run(self, name: str) -> None:
        OwnModule.turns += 1
        await _call(self.turns)
