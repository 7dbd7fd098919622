"""One attempt after the other is timed out: what is declared comes back once the last of them has, and not between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from harness.servers.pending import RunOnServer
from harness.trial import acceleration as module
from harness.trial.acceleration import Acceleration

DECLARED, CUT_DOWN = timedelta(minutes=5), timedelta(seconds=2)


class Server:
    """A server with one activity under way, whose timeout it was asked to change."""

    def __init__(self) -> None:
        self.attempt = 1
        self.timeouts = [DECLARED]
        self.changed = asyncio.Event()
        self.is_restoring = asyncio.Event()
        self.may_restore = asyncio.Event()
        self.may_restore.set()
        self.slow: asyncio.Task[None] | None = None  # who is answered once, a little later, with what is so now
        self.may_answer = asyncio.Event()

    async def call(self, method: str, **asked: Any) -> Any:
        if method == "UpdateActivityOptions":
            if asked.get("restore_original"):
                self.is_restoring.set()
                await self.may_restore.wait()
                self.timeouts.append(DECLARED)
            else:
                self.timeouts.append(asked["activity_options"].start_to_close_timeout.ToTimedelta())
            self.changed.set()
            return None
        options = ActivityOptions()
        options.start_to_close_timeout.FromTimedelta(self.timeouts[-1])
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        pending = PendingActivityInfo(activity_id="1", attempt=self.attempt, state=started, activity_options=options)
        if asyncio.current_task() is self.slow:
            self.slow = None
            await self.may_answer.wait()
        return SimpleNamespace(pending_activities=[pending])


def acceleration_of(server: Any) -> Acceleration:
    return Acceleration(server, note=lambda operation, **more: None)


def timing_out(acceleration: Acceleration) -> asyncio.Task[None]:
    ending = acceleration.recover_activity(run=RunOnServer("agent", "run"), activity_id="1", worker=1, running=True)
    return asyncio.create_task(ending)


async def asked_before_the_first_is_over(server: Server) -> asyncio.Task[None]:
    """Time out the first attempt and then the second, which is answered late: with what was so before all came back."""
    acceleration = acceleration_of(server)
    first = timing_out(acceleration)
    await server.changed.wait()
    server.attempt = 2
    server.slow = second = timing_out(acceleration)
    await first
    assert server.timeouts == [DECLARED, CUT_DOWN, DECLARED]
    return second


async def test_what_is_declared_is_not_back_while_the_next_attempt_is_timed_out_too() -> None:
    server = Server()
    acceleration = acceleration_of(server)
    async with asyncio.timeout(60):
        first = timing_out(acceleration)
        await server.changed.wait()
        server.attempt = 2
        second = timing_out(acceleration)
        await first
        assert server.timeouts == [DECLARED, CUT_DOWN]
        server.attempt = 3
        await second
    assert server.timeouts == [DECLARED, CUT_DOWN, DECLARED]


async def test_an_attempt_that_the_door_sees_handed_out_is_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_FIRST", 3600.0)
    server = Server()
    acceleration = acceleration_of(server)
    answer = PollActivityTaskQueueResponse(task_token=b"token", activity_id="1", attempt=2)
    answer.workflow_execution.run_id = "run"
    async with asyncio.timeout(60):
        story = timing_out(acceleration)
        await server.changed.wait()
        while not acceleration.mend("PollActivityTaskQueue", answer):
            await asyncio.sleep(0)
        server.attempt = 2
        await story
    assert answer.start_to_close_timeout.ToTimedelta() == DECLARED
    assert server.timeouts == [DECLARED, CUT_DOWN, DECLARED]


async def test_what_comes_back_just_then_is_cut_down_again() -> None:
    server = Server()
    acceleration = acceleration_of(server)
    async with asyncio.timeout(60):
        server.may_restore.clear()
        first = timing_out(acceleration)
        await server.changed.wait()
        server.attempt = 2
        await server.is_restoring.wait()
        second = timing_out(acceleration)
        await asyncio.sleep(0)
        server.changed.clear()
        server.may_restore.set()
        await first
        while server.timeouts[-1] != CUT_DOWN:
            await server.changed.wait()
            server.changed.clear()
        server.attempt = 3
        await second
    assert server.timeouts == [DECLARED, CUT_DOWN, DECLARED, CUT_DOWN, DECLARED]


async def test_what_came_back_before_the_answer_did_is_cut_down_again() -> None:
    server = Server()
    async with asyncio.timeout(60):
        second = await asked_before_the_first_is_over(server)
        server.changed.clear()
        server.may_answer.set()
        await server.changed.wait()
        server.attempt = 3
        await second
    assert server.timeouts == [DECLARED, CUT_DOWN, DECLARED, CUT_DOWN, DECLARED]


async def test_an_attempt_that_has_ended_before_the_answer_came_is_left_alone() -> None:
    server = Server()
    async with asyncio.timeout(60):
        second = await asked_before_the_first_is_over(server)
        server.attempt = 3
        server.may_answer.set()
        await second
    assert server.timeouts == [DECLARED, CUT_DOWN, DECLARED]
