"""The meeting: every message at every door of one trial, brought before the nemesis with its point."""

from __future__ import annotations

import itertools
import time

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpMessage
from harness.doors.wire.attribution import Attribution, Owner, at
from harness.records.facts import NO_FACTS
from harness.records.message_facts import TaskPoll
from harness.records.tape import Entry
from harness.trial.nemesis import Nemesis
from harness.trial.worker import WorkerProcesses

_TASK_POLLS = ("PollWorkflowTaskQueue", "PollActivityTaskQueue")


class Dispatch:
    """Where the doors of one trial ask what becomes of a message.

    Attributes:
        numbers: Numbers of the messages of the trial, shared by all doors.
        workers: The worker processes, as soon as there are any.

    Args:
        nemesis: Decides.
        attribution: Names the points of HTTP calls.
    """

    def __init__(self, *, nemesis: Nemesis, attribution: Attribution) -> None:
        self.numbers = itertools.count(1)
        self.workers: WorkerProcesses | None = None
        self._nemesis = nemesis
        self._attribution = attribution
        self._calls: dict[int, tuple[int, Owner]] = {}
        self._answers: dict[int, str] = {}

    def answer(self, message: int) -> str:
        """Return the body of the answer to an HTTP message by its number, exactly as it was to be sent."""
        return self._answers.get(message, "")

    async def wire(self, entry: Entry) -> Decision:
        """Decide about an RPC or its answer."""
        if entry.operation in _TASK_POLLS and entry.kind == "request":
            return self._poll(entry)
        if entry.point is None and entry.operation.startswith("Poll") and entry.facts == NO_FACTS:
            return "go"
        return await self._nemesis.meet(entry)

    async def http(self, message: HttpMessage) -> Decision:
        """Decide about a call of the model or an effect, or about its answer."""
        if message.position == "before":
            owner = self._attribution.call(
                door=message.door, operation=message.operation, body=message.body, worker=message.worker
            )
            self._calls[message.number] = (next(self.numbers), owner)
        number, owner = self._calls[message.number]
        if message.position == "after":
            self._answers[number] = message.answer_text
        return await self._nemesis.meet(_entry(message, number=number, owner=owner))

    def _poll(self, entry: Entry) -> Decision:
        """Learn that a worker process polls; one that is gone, or a zombie, gets no task any more."""
        if self.workers is None:
            return "go"
        poll = entry.facts_as(TaskPoll)
        if poll and not poll.sticky and entry.worker == self.workers.number:
            self.workers.polls(poll.task_queue)
        gone = self._nemesis.died(entry.worker) or self.workers.is_zombie(entry.worker)
        return "drop" if gone else "go"


def _entry(message: HttpMessage, *, number: int, owner: Owner) -> Entry:
    return Entry(
        at=time.time(),
        kind="request" if message.position == "before" else "reply",
        door=message.door,
        operation=message.operation,
        message=number,
        worker=message.worker,
        point=at(owner, message.position),
        workflow_id=owner.workflow_id,
        run_id=owner.run_id,
        activity_id=owner.activity_id,
        status=str(message.status) if message.status else "",
        facts=message.facts,
    )
