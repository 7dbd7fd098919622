"""Planted: agents whose time is not what they take it for: a deadline nobody calls off, one of the wrong clock, others.

Each publishes a text; what is wrong with each is in its docstring.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing
    from scenarios.broken.agents.approvals import (
        AN_HOUR,
        draft,
        drafted,
        publish,
        published,
        published_patiently,
        withdraw,
        withdrawn,
    )


@workflow.defn
class DeadlineNotCalledOff:
    """The deadline for the approval is not called off by the approval: it goes off while the text is published."""

    def __init__(self) -> None:
        self._approved = False
        self._expired = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait for an hour, publish, and withdraw what nobody approved."""
        text = await drafted(title)
        deadline = asyncio.create_task(self._expire())
        await workflow.wait_condition(lambda: self._approved or deadline.done())
        await published_patiently(text)
        if self._expired:
            await withdrawn(text)
            return "withdrawn"
        return text

    @workflow.signal
    def approve(self) -> None:
        """Approve."""
        self._approved = True

    async def _expire(self) -> None:
        await workflow.sleep(AN_HOUR)
        self._expired = True


@workflow.defn
class DeadlineByWallClock:
    """The hour for the approval is counted by the clock of the machine: each replay waits for another time."""

    def __init__(self) -> None:
        self._approved = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait until an hour is over and publish."""
        began = _clock()
        text = await drafted(title)
        left = timedelta(seconds=began + AN_HOUR.total_seconds() - _clock())
        await workflow.wait_condition(lambda: self._approved, timeout=left)
        return await published(text)

    @workflow.signal
    def approve(self) -> None:
        """Approve."""
        self._approved = True


@workflow.defn
class LadderTooLong:
    """Five attempts are declared, the second after two hours, and one hour for all: there is never a second one."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, and publish within an hour."""
        return await published_patiently(await drafted(title), within=AN_HOUR)


@workflow.defn
class UndoNotShielded:
    """Who cancels while it undoes what it did, cancels the undoing."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Publish in two places, find fault with it, and take both back."""
        done: list[str] = []
        try:
            for text in (f"{title} (web)", f"{title} (paper)"):
                done.append(text)
                await published(text)
            raise ApplicationError("the text is refused", type="TextRefused")
        except BaseException:
            for text in reversed(done):
                await withdrawn(text)
            raise


def _clock() -> float:
    with workflow.unsafe.sandbox_unrestricted():
        return time.time()


WORKFLOWS = [DeadlineNotCalledOff, DeadlineByWallClock, LadderTooLong, UndoNotShielded]

if __name__ == "__main__":
    plumbing.main(workflows=WORKFLOWS, activities=[draft, publish, withdraw])
