"""Sampling looks at every run again and again."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from harness.doors.wire.attribution import Attribution
from harness.trial import sampling
from harness.trial.sampling import Sampling

LIMIT = 20.0


class Server:
    """Answers with what is pending, the first time with an error."""

    def __init__(self) -> None:
        self.asked = 0

    async def pending_activities(self, *, workflow_id: str, run_id: str) -> list[Any]:
        self.asked += 1
        if self.asked == 1:
            metadata = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, metadata, metadata)
        return [] if self.asked == 2 else [{"activityId": str(self.asked)}]


async def test_what_is_pending_is_kept_and_a_server_that_is_away_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampling, "_SAMPLE_EVERY", 0)
    attribution, server = Attribution(), Server()
    attribution.started(workflow="A", workflow_id="w", run_id="r")
    frontend: Any = server
    looking = Sampling(frontend, attribution=attribution)
    task = asyncio.create_task(looking.run())
    async with asyncio.timeout(LIMIT):
        while len(looking.samples) < 2:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    first, second = looking.samples[:2]
    assert (first.workflow_id, first.run_id, first.pending) == ("w", "r", ({"activityId": "3"},))
    assert second.pending == ({"activityId": "4"},)
