"""The dispatch: where both kinds of doors of a trial ask what becomes of a message that they hold."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpMessage
from harness.doors.wire.attribution import Attribution, Owner, at
from harness.records.facts import NO_FACTS
from harness.records.message_facts import TaskPoll
from harness.records.tape import Entry
from harness.trial.nemesis import Nemesis
from harness.trial.registry import Tasks, WorkerRegistry

_TASKS: Mapping[str, Tasks] = {"PollWorkflowTaskQueue": "workflow", "PollActivityTaskQueue": "activity"}
_TASK_POLLS = ("PollWorkflowTaskQueue", "PollActivityTaskQueue", "PollNexusTaskQueue")


class Dispatch:
    """Asks the nemesis about every message at every door of one trial, and tells it the message's point.

    One message, from its sender and back to it::

        1  it arrives whole at its door, which names its point by what earlier messages have told of tasks
        2  it is put on the tape and held; the plan may strike here
        3  it is executed: the server, or the model or effect server, has it
        4  the door learns from the answer which task it hands out
        5  the answer is put on the tape and held; the plan may strike here
        6  the sender gets the answer

    What the death of its sender in between leaves::

        before 2       nothing: no message arrived
        in 2           the request on the tape, dropped; it is never executed
        in 3           a write goes on, as it would on a real network: 4 and 5 follow, and the answer is dropped.
                       A long poll is ended, or the server would hand a task to nobody
        in 5           the answer on the tape, dropped: executed, and never heard
        after 6        what the sender knew is lost with it; the task that step 4 learned is in a dead process's hands

    Step 4 comes before step 5 so that a strike on the answer knows the task which dies with it. Polls for tasks are no
    points themselves: from a process that is dead or a zombie they are dropped, so that it gets no task any more.

    Attributes:
        numbers: Numbers of the messages of the trial, shared by all doors.

    Args:
        nemesis: Decides.
        attribution: Names the points of HTTP calls.
        workers: The worker processes.
        answers: Where the body of the answer to each HTTP message is kept by the message's number, exactly as it was
            to be sent.
    """

    def __init__(
        self, nemesis: Nemesis, *, attribution: Attribution, workers: WorkerRegistry, answers: dict[int, str]
    ) -> None:
        self.numbers = itertools.count(1)
        self._nemesis = nemesis
        self._attribution = attribution
        self._workers = workers
        self._calls: dict[int, tuple[int, Owner]] = {}
        self._answers = answers

    async def wire(self, entry: Entry) -> Decision:
        """Decide about an RPC or its answer."""
        if entry.operation in _TASK_POLLS and entry.kind == "request":
            return self._poll(entry)
        if entry.point is None and entry.operation.startswith("Poll") and entry.facts == NO_FACTS:
            return "go"
        return await self._nemesis.decide(entry)

    async def http(self, message: HttpMessage) -> Decision:
        """Decide about a call of the model or an effect, or about its answer."""
        if message.position == "before":
            owner = self._attribution.call(
                door=message.door, operation=message.operation, body=message.body, worker=message.worker
            )
            self._calls[message.number] = (next(self.numbers), owner)
        number, owner = self._calls[message.number]
        if message.again:
            self._nemesis.witness(_entry(message, number=number, owner=owner))
            return "go"
        if message.position == "after":
            self._answers[number] = message.answer_text
        return await self._nemesis.decide(_entry(message, number=number, owner=owner))

    def _poll(self, entry: Entry) -> Decision:
        """Learn that a worker process polls; one that is gone, or a zombie, gets no task any more."""
        poll = entry.facts_as(TaskPoll)
        tasks = _TASKS.get(entry.operation)
        if poll and tasks and not poll.sticky and entry.worker == self._workers.number:
            self._workers.polls(poll.task_queue, tasks=tasks)
        gone = self._workers.died(entry.worker) or self._workers.is_zombie(entry.worker)
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
