"""Sampling: what DescribeWorkflowExecution says of pending activities, asked again and again while a trial runs."""

from __future__ import annotations

import asyncio
import time

import grpc.aio

from harness.doors.wire.attribution import Attribution, KnownRun
from harness.records.evidence import Sample
from harness.servers.frontend import Frontend

_SAMPLE_EVERY = 0.25  # seconds


class Sampling:
    """Looks at every run.

    Attributes:
        samples: What was seen, in order.

    Args:
        frontend: The server.
        attribution: Knows the runs.
    """

    def __init__(self, frontend: Frontend, *, attribution: Attribution) -> None:
        self.samples: list[Sample] = []
        self._frontend = frontend
        self._attribution = attribution

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            for run in list(self._attribution.runs.values()):
                await self._look_at(run)
            await asyncio.sleep(_SAMPLE_EVERY)

    async def _look_at(self, run: KnownRun) -> None:
        try:
            pending = await self._frontend.pending_activities(workflow_id=run.workflow_id, run_id=run.run_id)
        except grpc.aio.AioRpcError:
            return
        if pending:
            self.samples.append(
                Sample(at=time.time(), workflow_id=run.workflow_id, run_id=run.run_id, pending=tuple(pending))
            )
