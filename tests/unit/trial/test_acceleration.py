"""One attempt after the other is timed out: what is declared comes back once the last of them has, and not between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo

from harness.trial.acceleration import Acceleration


class Server:
    """A server with one activity under way, which keeps what it was asked to change."""

    def __init__(self) -> None:
        self.attempt = 1
        self.changes: list[str] = []
        self.changed = asyncio.Event()

    async def call(self, method: str, **asked: Any) -> Any:
        if method == "UpdateActivityOptions":
            self.changes.append("restored" if asked.get("restore_original") else f"cut down in {self.attempt}")
            self.changed.set()
            return None
        options = ActivityOptions()
        options.start_to_close_timeout.FromTimedelta(timedelta(minutes=5))
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        pending = PendingActivityInfo(activity_id="1", attempt=self.attempt, state=started, activity_options=options)
        return SimpleNamespace(pending_activities=[pending])

    async def asked_again(self) -> None:
        self.changed.clear()
        await self.changed.wait()


async def test_what_is_declared_is_not_back_while_the_next_attempt_is_timed_out_too() -> None:
    server, tasks = Server(), []
    acceleration = Acceleration(server, note=lambda operation, **more: None)  # type: ignore[arg-type]  # all it asks of it
    async with asyncio.timeout(60):
        for attempt in (1, 2):
            server.attempt = attempt
            ending = acceleration.recover_activity(
                workflow_id="agent", run_id="run", activity_id="1", worker=1, running=True
            )
            tasks.append(asyncio.create_task(ending))
            await server.asked_again()
        await tasks[0]
        assert server.changes == ["cut down in 1", "cut down in 2"]
        server.attempt = 3
        await tasks[1]
    assert server.changes == ["cut down in 1", "cut down in 2", "restored"]
