"""The replay door asks a worker that is written in Go in the same way."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from harness import Scenario, signal, start, update
from harness.doors.wire.decoding import command_name
from harness.processes.command import environment
from harness.processes.process import Process
from harness.records.evidence import History
from harness.records.replay_result import Replay
from harness.replay.door.door import ReplayDoor
from harness.replay.door.matrix import replay_through_door
from harness.replay.door.task_answer import TaskAnswer
from harness.replay.explore.exploring import ExploreOptions, ScenarioExploration, open_worker
from harness.replay.explore.move import budgets_of
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.servers.frontend import Frontend
from tests import TESTS
from tests.rig.replayed.asking import replay
from tests.rig.replayed.storing import stored

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

SOURCE = TESTS / "replay" / "go_worker"
BUILD_FLAGS = ("-mod=mod", "-gcflags=all=-N -l", "-ldflags=-s")
"""Nothing is optimised: that is a quarter of what a build from nothing costs (82 CPU-seconds, 62 without)."""
BUILD_LIMIT = 600.0
LIMIT = 200.0


@asynccontextmanager
async def worker(binary: Path, address: str, logs: Path, **settings: str) -> AsyncIterator[Process]:
    more = {"TEMPORAL_ADDRESS": address, "ORDER_TASK_QUEUE": "go-orders", **settings}
    process = await Process.start([str(binary)], name="go-worker", logs=logs, env=environment(more))
    try:
        yield process
    finally:
        await process.kill()


@asynccontextmanager
async def door_to(binary: Path, logs: Path, **settings: str) -> AsyncIterator[ReplayDoor]:
    door = ReplayDoor()
    async with asyncio.timeout(LIMIT), door, worker(binary, door.address, logs, **settings) as process:
        door.watch(process)
        yield door


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    shutil.copytree(SOURCE, folder / "source")
    build = await Process.start(
        ["go", "build", *BUILD_FLAGS, "-o", "../worker", "."], name="build", logs=folder, cwd=folder / "source"
    )
    try:
        async with asyncio.timeout(BUILD_LIMIT):
            assert await build.wait() == 0, build.log_tail()
    finally:
        await build.kill()
    return folder / "worker"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def recorded(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    logs = tmp_path_factory.mktemp("recording")
    temporal = (await find_temporal()).path
    async with asyncio.timeout(LIMIT), DevServer(temporal, folder=logs) as server:
        client = await Client.connect(server.address)
        async with worker(binary, server.address, logs), Frontend(address=server.address, namespace="default") as calls:
            order = await client.start_workflow("GoOrder", "lamp", id="order-1", task_queue="go-orders")
            assert await order.execute_update("approve", "Ada") == "thanks, Ada"
            await order.signal("pay")
            assert await order.result() == "reserved lamp, approved by Ada"
            run_id = order.first_execution_run_id or ""
            events = await calls.history(workflow_id=order.id, run_id=run_id)
    return History(workflow_id=order.id, run_id=run_id, path="GoOrder", root=True, events=tuple(events))


def names(answers: list[TaskAnswer], mode: str) -> list[str]:
    return [
        name
        for answer in answers
        if answer.mode == mode
        for name in (map(command_name, answer.commands) if answer.kind == "completed" else [answer.kind])
    ]


async def test_a_go_worker_answers_as_recorded(binary: Path, recorded: History, tmp_path: Path) -> None:
    prices = tmp_path / "prices"
    async with door_to(binary, tmp_path, ORDER_PRICES_ASKED=str(prices)) as door:
        answers = await replay(door, recorded)
    commands = ["ProtocolMessage", "ProtocolMessage", "ScheduleActivityTask", "StartTimer"]
    assert names(answers, "cold") == names(answers, "warm") == [*commands, "unasked", "CompleteWorkflowExecution"]
    accepted = [message.body.type_url.rpartition(".")[2] for answer in answers for message in answer.messages]
    assert accepted == ["Acceptance", "Response", "Acceptance", "Response"]
    assert not prices.exists(), "the local activity ran"


async def test_a_changed_go_worker_gives_other_commands(binary: Path, recorded: History, tmp_path: Path) -> None:
    async with door_to(binary, tmp_path, ORDER_TIMEOUT_S="61") as door:
        answers = await replay(door, recorded)
    timeouts = [
        command.schedule_activity_task_command_attributes.start_to_close_timeout.seconds
        for answer in answers
        for command in answer.commands
        if command_name(command) == "ScheduleActivityTask"
    ]
    assert timeouts == [61, 61]


async def compared(
    binary: Path, history: History, folder: Path, *, workflow: str = "", **env: str
) -> dict[str, Replay]:
    """Return what the replay of one history came to under each condition."""
    asked = replay_through_door(
        [stored(history, folder, workflow=workflow)],
        command=str(binary),
        cwd=folder,
        folder=folder,
        env={"ORDER_TASK_QUEUE": "go-orders", **env},
    )
    async with asyncio.timeout(LIMIT), contextlib.aclosing(asked):
        return {answered.condition: answered.replay async for answered in asked}


async def test_answers_of_a_go_worker_are_compared_with_the_recording(
    binary: Path, recorded: History, tmp_path: Path
) -> None:
    unchanged = await compared(binary, recorded, tmp_path)
    assert set(unchanged) == {"cold", "warm", "warm process", "hash seed 1", "time zone east", "locale"}
    assert {(each.differences, each.commands, each.failure) for each in unchanged.values()} == {((), 5, "")}
    assert [left.why for left in unchanged["cold"].left_out] == ["not asked"], "a local activity ran in that task"
    changed = await compared(binary, recorded, tmp_path, ORDER_TIMEOUT_S="61")
    fields = {(each.subject, each.field, each.new) for replay in changed.values() for each in replay.differences}
    assert fields == {("Reserve", "startToCloseTimeout", 61.0)}
    unknown = await compared(binary, recorded, tmp_path, workflow="GoneOrder")
    assert all("unable to find workflow type: GoneOrder" in replay.skipped for replay in unknown.values())


async def test_a_go_worker_is_explored(binary: Path, tmp_path: Path) -> None:
    """An update, an activity beside a timer, a signal and a local activity, in every order that is possible."""
    order = Scenario(
        name="order",
        worker=str(binary),
        task_queue="go-orders",
        env={"ORDER_TASK_QUEUE": "go-orders"},
        work=start("GoOrder", "lamp"),
        sends=[update("approve", "Ada"), signal("pay")],
    )
    options = ExploreOptions(budgets=budgets_of(["trouble=0", "together=0"]))
    async with open_worker(order, options=options, logs=tmp_path) as worker:
        result = await ScenarioExploration(order, worker=worker, options=options).explore()
    assert [(finding.check, finding.message) for finding in result.findings] == []
    assert result.whole
    assert result.executed == 1
