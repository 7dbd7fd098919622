"""The next version takes over, is rolled back where it is to be or cannot go on, and the work ends in any case."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueResponse

from harness.records.act_facts import DoorNotice
from harness.records.tape import Entry
from harness.trial.code_change import CodeChange, heard_as_first
from harness.trial.deployments import MADE_CURRENT
from harness.trial.live_tape import LiveTape

LIMIT = 120.0
STRUCK = Entry(
    at=0.0, kind="request", door="wire", operation="RespondActivityTaskCompleted", workflow_id="agent", worker=1
)


class Workers:
    """Each version that is started answers its workflow task as is said; ``""``: never."""

    def __init__(self, tape: LiveTape, *answers: str) -> None:
        self.tape, self.answers = tape, list(answers)
        self.started: list[str] = []
        self.registry = self
        self.number = 1
        self.dead: list[int] = []
        self.freed: list[int] = []

    def kill_now(self) -> int:
        return self.number

    def declare_dead(self, number: int) -> None:
        self.dead.append(number)

    async def look_in(self, version: str) -> None:
        await self.change_to(version, struck=0)

    async def change_to(self, version: str, *, struck: int = 0) -> None:
        self.freed.append(struck)
        self.started.append(version)
        self.number += 1
        operation = self.answers.pop(0) if self.answers else ""
        if operation == MADE_CURRENT:
            self.tape.note("notice", facts=DoorNotice(text=f"b2 {MADE_CURRENT}."))
        elif operation:
            self.tape.put(
                Entry(at=time.time(), kind="reply", door="wire", operation=operation, worker=self.number, status="OK")
            )


class Client:
    """Knows whether the work is pinned, and when it has ended."""

    def __init__(self, *, pinned: bool = False, over: bool = False) -> None:
        self._pinned, self._over = pinned, over

    async def is_pinned(self, entry: Entry) -> bool:
        return self._pinned

    async def ended(self, entry: Entry) -> None:
        if not self._over:
            await asyncio.Event().wait()


DONE, FAILED = "RespondWorkflowTaskCompleted", "RespondWorkflowTaskFailed"


@pytest.mark.parametrize(
    ("back", "answers", "started"),
    [
        (False, [DONE], ["next"]),
        (False, [FAILED, DONE], ["next", "own"]),
        (True, [DONE, DONE], ["next", "own"]),
        (True, [DONE, FAILED], ["next", "own", "next"]),
        (True, [FAILED, DONE], ["next", "own"]),
    ],
)
async def test_each_version_goes_on_or_is_replaced(back: bool, answers: list[str], started: list[str]) -> None:
    tape = LiveTape()
    workers: Any = Workers(tape, *answers)
    client: Any = Client()
    async with asyncio.timeout(LIMIT):
        await CodeChange(workers, tape=tape, client=client).make(STRUCK, back=back)
    assert workers.started == started
    assert workers.dead == list(range(2, 1 + len(started)))


async def test_where_the_work_has_ended_nothing_is_rolled_back() -> None:
    tape = LiveTape()
    workers: Any = Workers(tape)
    client: Any = Client(over=True)
    async with asyncio.timeout(LIMIT):
        await CodeChange(workers, tape=tape, client=client).make(STRUCK, back=True)
    assert workers.started == ["next"]


async def test_what_is_pinned_gets_its_own_version_back_once_the_next_one_is_current() -> None:
    tape = LiveTape()
    workers: Any = Workers(tape, MADE_CURRENT)
    client: Any = Client(pinned=True)
    async with asyncio.timeout(LIMIT):
        await CodeChange(workers, tape=tape, client=client).make(STRUCK, back=False)
    assert workers.started == ["next", "own"]
    assert workers.freed == [0, 1]


@pytest.mark.parametrize(
    ("operation", "worker", "heard"),
    [("PollWorkflowTaskQueue", 2, 1), ("PollWorkflowTaskQueue", 1, 3), ("PollActivityTaskQueue", 2, 3)],
)
async def test_later_workers_hear_of_first_attempts(operation: str, worker: int, heard: int) -> None:
    task = PollWorkflowTaskQueueResponse(task_token=b"token", attempt=3)

    async def answer(*_: Any) -> bytes:
        return task.SerializeToString()

    raw = await heard_as_first(answer)(operation, None, worker, answer)
    assert PollWorkflowTaskQueueResponse.FromString(raw).attempt == heard
