"""Time passes in both engines that can skip it, in one way; a wait whose time does not skip says what it waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from harness.errors import RigError, UsageError
from harness.servers.binaries import TEST_SERVER, find, find_temporal
from harness.servers.clock import Clock, clock_of
from harness.servers.dev import DevServer
from harness.servers.engine import engine_with, engines
from harness.servers.lifecycle import Server
from harness.servers.overdue import skips_within, waiting_for
from harness.servers.time_skipping import TimeSkippingServer

DAY = timedelta(days=1)
LIMIT = 200.0
SKIPPING = ("dev", "time-skipping")


@activity.defn
async def fails_twice() -> int:
    attempt = activity.info().attempt
    if attempt < 3:
        raise ApplicationError("not yet")
    return attempt


@activity.defn
async def never_ends() -> None:
    await asyncio.Event().wait()


@workflow.defn(sandboxed=False)
class Sleeping:
    @workflow.run
    async def run(self, days: int) -> int:
        await workflow.sleep(timedelta(days=days))
        return days


@workflow.defn(sandboxed=False)
class Approval:
    """Waits three days at most for somebody, and tells after which time of its own it was approved."""

    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self) -> float:
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(lambda: self.approved, timeout=timedelta(days=3))
        return (workflow.now() - workflow.info().workflow_start_time).total_seconds()

    @workflow.signal
    def approve(self) -> None:
        self.approved = True


@workflow.defn(sandboxed=False)
class Trying:
    @workflow.run
    async def run(self, name: str) -> int | None:
        found: int | None = await workflow.execute_activity(
            name,
            start_to_close_timeout=timedelta(minutes=5),
            retry_policy=RetryPolicy(initial_interval=timedelta(hours=1), backoff_coefficient=2),
        )
        return found


@dataclass(frozen=True)
class World:
    """A server that runs, a worker for it, and the clock."""

    server: Server
    client: Client
    clock: Clock


async def server_of(engine: str, folder: Path) -> Server:
    if engine == "dev":
        return DevServer((await find_temporal()).path, folder=folder, namespaces=["slot"], skips_time=True)
    return TimeSkippingServer((await find(TEST_SERVER)).path, folder=folder, namespaces=["slot"])


@asynccontextmanager
async def world(engine: str, folder: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await server_of(engine, folder))
        client = await Client.connect(server.address, namespace="slot")
        clock = await stack.enter_async_context(clock_of(engines()[engine], address=server.address, namespace="slot"))
        worker = Worker(
            client, task_queue="queue", workflows=[Sleeping, Approval, Trying], activities=[fails_twice, never_ends]
        )
        await stack.enter_async_context(worker)
        yield World(server, client, clock)


async def waits_for(clock: Clock, workflow_id: str, words: str) -> None:
    """Wait until a workflow has come so far that it waits for this."""
    async with asyncio.timeout(LIMIT):
        while words not in await waiting_for(clock, workflow_id):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("engine", SKIPPING)
async def test_days_pass_while_a_result_is_waited_for(engine: str, tmp_path: Path) -> None:
    async with world(engine, tmp_path) as found:
        handle = await found.client.start_workflow(Sleeping.run, 30, id="sleeper", task_queue="queue")
        await found.clock.release(handle.id)
        async with skips_within(found.clock, handle.id, limit=LIMIT):
            assert await handle.result() == 30
        assert await found.clock.now(handle.id) - datetime.now(UTC) > timedelta(days=29)


@pytest.mark.parametrize("engine", SKIPPING)
async def test_a_day_passes_before_somebody_signals_and_no_more(engine: str, tmp_path: Path) -> None:
    async with world(engine, tmp_path) as found:
        handle = await found.client.start_workflow(Approval.run, id="approval", task_queue="queue")
        async with skips_within(found.clock, handle.id, limit=LIMIT, what="a day"):
            await found.clock.pass_time(handle.id, DAY)
        await handle.signal(Approval.approve)
        async with skips_within(found.clock, handle.id, limit=LIMIT):
            assert 86_400 <= await handle.result() < 90_000


@pytest.mark.parametrize("engine", SKIPPING)
async def test_the_backoffs_of_an_activity_are_skipped(engine: str, tmp_path: Path) -> None:
    async with world(engine, tmp_path) as found:
        handle = await found.client.start_workflow(Trying.run, "fails_twice", id="ladder", task_queue="queue")
        await found.clock.release(handle.id)
        async with skips_within(found.clock, handle.id, limit=LIMIT):
            assert await handle.result() == 3
        assert await found.clock.now(handle.id) - datetime.now(UTC) > timedelta(hours=2.9)


@pytest.mark.parametrize("engine", SKIPPING)
async def test_a_clock_that_is_held_is_not_skipped_on(engine: str, tmp_path: Path) -> None:
    async with world(engine, tmp_path) as found:
        await found.clock.hold("approval")
        handle = await found.client.start_workflow(Approval.run, id="approval", task_queue="queue")
        await found.clock.release(handle.id)
        await found.clock.hold(handle.id)
        sleeper = await found.client.start_workflow(Sleeping.run, 3, id="held", task_queue="queue")
        await waits_for(found.clock, "held", "timer 1 of")
        with pytest.raises(RigError) as raised:
            async with skips_within(found.clock, "held", limit=0.5, what="three days"):
                await sleeper.result()
        assert "waited 0.5 s for three days of workflow 'held', and its time did not skip that far" in str(raised.value)
        assert f"engine: {engine}" in str(raised.value)
        assert "timer 1 of 259200s" in str(raised.value)


async def test_time_passed_is_kept_over_kill_and_restart_of_the_dev_server(tmp_path: Path) -> None:
    async with world("dev", tmp_path) as found:
        handle = await found.client.start_workflow(Approval.run, id="approval", task_queue="queue")
        await found.clock.pass_time(handle.id, DAY)
        await found.server.kill()
        passing = asyncio.create_task(found.clock.pass_time(handle.id, DAY))
        await found.server.restart()
        async with skips_within(found.clock, handle.id, limit=LIMIT, what="the second day"):
            await passing
        await handle.signal(Approval.approve)
        assert 2 * 86_400 <= await handle.result() < 2 * 86_400 + 3_600


async def test_time_passes_for_one_workflow_alone_on_the_dev_server(tmp_path: Path) -> None:
    async with world("dev", tmp_path) as found:
        one = await found.client.start_workflow(Approval.run, id="one", task_queue="queue")
        other = await found.client.start_workflow(Approval.run, id="other", task_queue="queue")
        await found.clock.release(one.id)
        assert await one.result() >= 3 * 86_400
        assert await found.clock.now(other.id) - datetime.now(UTC) < timedelta(minutes=1)
        await found.clock.pass_time(one.id, DAY)
        await found.clock.release(one.id)


async def test_a_released_clock_goes_on_skipping_after_a_day_passed(tmp_path: Path) -> None:
    async with world("dev", tmp_path) as found:
        handle = await found.client.start_workflow(Approval.run, id="approval", task_queue="queue")
        found.clock._released.add(handle.id)  # type: ignore[attr-defined]
        await found.clock.pass_time(handle.id, DAY)
        async with skips_within(found.clock, handle.id, limit=LIMIT):
            assert await handle.result() >= 3 * 86_400


async def test_an_engine_that_cannot_is_not_applicable() -> None:
    old = engine_with("dev", version="temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)")
    with pytest.raises(UsageError, match=r"not applicable: the engine `dev` .*server 1\.29\) has no time skipping"):
        async with clock_of(old, address="127.0.0.1:1", namespace="default"):
            pass
