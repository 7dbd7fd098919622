"""Right: the twins of the agents in ``deadlines``.

They look like those: one has a deadline beside its work, one counts what is left of an hour, one has more attempts than
it has time for, and one undoes what it did where it is cancelled.
"""

from __future__ import annotations

import asyncio
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

A_WEEK = timedelta(days=7)


@workflow.defn
class DeadlineCalledOff:
    """The approval calls the deadline off."""

    def __init__(self) -> None:
        self._approved = False
        self._expired = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait for an hour, publish, and withdraw what nobody approved."""
        text = await drafted(title)
        deadline = asyncio.create_task(self._expire())
        await workflow.wait_condition(lambda: self._approved or deadline.done())
        deadline.cancel()
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
class DeadlineByWorkflowTime:
    """The hour for the approval is counted by the workflow's own time."""

    def __init__(self) -> None:
        self._approved = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait until an hour is over and publish."""
        began = workflow.now()
        text = await drafted(title)
        await workflow.wait_condition(lambda: self._approved, timeout=began + AN_HOUR - workflow.now())
        return await published(text)

    @workflow.signal
    def approve(self) -> None:
        """Approve."""
        self._approved = True


@workflow.defn
class LadderThatFits:
    """Five attempts over hours are declared, and a week for all of them."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, sleep over it, and publish within a week."""
        text = await drafted(title)
        await workflow.sleep(AN_HOUR)
        return await published_patiently(text, within=A_WEEK)


@workflow.defn
class UndoShielded:
    """Whatever comes meanwhile, what it did is undone before it ends."""

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
            undoing = asyncio.create_task(self._undo(done))
            try:
                await asyncio.shield(undoing)
            except asyncio.CancelledError:
                await undoing
            raise

    async def _undo(self, done: list[str]) -> None:
        for text in reversed(done):
            await withdrawn(text)


WORKFLOWS = [DeadlineCalledOff, DeadlineByWorkflowTime, LadderThatFits, UndoShielded]

if __name__ == "__main__":
    plumbing.main(workflows=WORKFLOWS, activities=[draft, publish, withdraw])
