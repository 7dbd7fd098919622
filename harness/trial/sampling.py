"""Sampling: what DescribeWorkflowExecution says of pending activities, asked while a trial runs, when it has news.

A history tells of the attempts of an activity only once it has closed: which one it was, and what the last one before
it failed with. What it does not tell is seen when a further attempt is handed out. What nobody asks for (an activity
that waits for its next attempt while no worker polls) is seen by looking now and then, and once more at the end.
"""

from __future__ import annotations

import time

import grpc.aio
from google.protobuf.json_format import MessageToDict

from harness.doors.wire.attribution import Attribution
from harness.doors.wire.known_runs import KnownRun
from harness.records.evidence import Sample
from harness.records.message_facts import ActivityTask
from harness.records.tape import Entry
from harness.servers.frontend import Frontend
from harness.servers.pending import RunOnServer, pending_activities
from harness.trial.live_tape import LiveTape

_AT_LEAST_EVERY = 2.0  # seconds
_LIMIT = 20.0  # seconds that a look may take
_LAST_LIMIT = 3.0  # seconds that the last look may take


class Sampling:
    """Looks at every run.

    Attributes:
        samples: What was seen, in order.

    Args:
        frontend: The server.
        attribution: Knows the runs.
        tape: Shows which attempts are handed out.
    """

    def __init__(self, frontend: Frontend, *, attribution: Attribution, tape: LiveTape) -> None:
        self.samples: list[Sample] = []
        self._frontend = frontend
        self._attribution = attribution
        self._tape = tape

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        looked = len(self._tape.entries)
        while True:
            looked = await self._news(looked)
            await self._look()

    async def look_once_more(self) -> None:
        """Look at what is pending at the end."""
        await self._look(limit=_LAST_LIMIT)

    async def _look(self, *, limit: float = _LIMIT) -> None:
        for run in list(self._attribution.runs.values()):
            await self._look_at(run, limit=limit)

    async def _news(self, looked: int) -> int:
        """Wait until a further attempt is handed out, or for some time; return how many entries were looked at."""
        deadline = time.monotonic() + _AT_LEAST_EVERY
        while (left := deadline - time.monotonic()) > 0:
            entries = self._tape.entries[looked:]
            looked += len(entries)
            if any(_is_further_attempt(entry) for entry in entries):
                break
            await self._tape.changed(timeout=left)
        return looked

    async def _look_at(self, run: KnownRun, *, limit: float) -> None:
        try:
            on_server = RunOnServer(run.workflow_id, run.run_id, run.is_activity)
            pending = [MessageToDict(each) for each in await pending_activities(self._frontend, on_server, limit=limit)]
        except grpc.aio.AioRpcError:
            return
        if pending:
            self.samples.append(
                Sample(at=time.time(), workflow_id=run.workflow_id, run_id=run.run_id, pending=tuple(pending))
            )


def _is_further_attempt(entry: Entry) -> bool:
    return isinstance(entry.facts, ActivityTask) and entry.facts.attempt > 1
