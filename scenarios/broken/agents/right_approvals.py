"""Right: the twins of the agents in ``approvals``, right when somebody comes early, late, twice, or cancels.

They look like those: one ends early when it is cancelled, one ends with a failure at the timeout, one is asked all day.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing
    from scenarios.broken.agents.approvals import A_DAY, draft, drafted, publish, published, withdraw, withdrawn


@workflow.defn
class ApprovalOnce:
    """An approval counts whenever it comes, and the first one alone."""

    def __init__(self) -> None:
        self._approvals = 0

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait for a day and publish, or fail with ``NobodyApproved``."""
        text = await drafted(title)
        try:
            await workflow.wait_condition(lambda: self._approvals > 0, timeout=A_DAY)
        except TimeoutError as error:
            raise ApplicationError("nobody approved", type="NobodyApproved") from error
        return await published(text)

    @workflow.signal
    def approve(self) -> None:
        """Approve; a further approval is only counted."""
        self._approvals += 1

    @workflow.query
    def approvals(self) -> int:
        """Return how often somebody approved."""
        return self._approvals


@workflow.defn
class ApprovalForEver:
    """Without an approval it waits for ever, which is what it is for."""

    def __init__(self) -> None:
        self._approved = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait and publish."""
        text = await drafted(title)
        await workflow.wait_condition(lambda: self._approved and workflow.all_handlers_finished())
        return text

    @workflow.update
    async def approve(self, text: str) -> str:
        """Approve and publish; the workflow ends when this is done."""
        self._approved = True
        return await published(text)


@workflow.defn
class CancelUndone:
    """What was published is taken back when it is cancelled, too."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Publish, wait for objections, and draft the next."""
        try:
            await published(title)
            await workflow.sleep(timedelta(seconds=1))
            return await drafted(title)
        except BaseException as error:
            if is_cancelled_exception(error):
                await withdrawn(title)
            raise


@workflow.defn
class CancelTold:
    """Cancelled, it completes with what it has until then, and does nothing more."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, and publish what is drafted."""
        text = title
        try:
            text = await drafted(title)
            await workflow.sleep(timedelta(seconds=1))
            return await published(text)
        except (asyncio.CancelledError, Exception) as error:
            if not is_cancelled_exception(error):
                raise
            return f"{text}, cancelled"


WORKFLOWS = [ApprovalOnce, ApprovalForEver, CancelUndone, CancelTold]

if __name__ == "__main__":
    plumbing.main(workflows=WORKFLOWS, activities=[draft, publish, withdraw])
