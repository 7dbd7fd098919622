"""Planted: agents that wait for somebody and get it wrong when that somebody comes early, late, twice, or cancels.

Each drafts a text, waits for an approval and publishes the text; what is wrong with each is in its docstring.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
A_WHILE = timedelta(minutes=5)
A_DAY = timedelta(days=1)
AN_HOUR = timedelta(hours=1)
PATIENT = RetryPolicy(initial_interval=timedelta(hours=2), maximum_attempts=5)


@activity.defn
async def draft(title: str) -> str:
    """Draft the text."""
    return f"Draft of {title}"


@activity.defn
async def publish(text: str) -> str:
    """Publish the text, once for each workflow id."""
    await plumbing.effect("publish", {"text": text}, key=f"{activity.info().workflow_id}/publish/{text}")
    return text


@activity.defn
async def withdraw(text: str) -> None:
    """Take back what was published."""
    await plumbing.effect("withdraw", {"text": text}, key=f"{activity.info().workflow_id}/withdraw/{text}")


async def drafted(title: str) -> str:
    """Return the draft of a text."""
    return await workflow.execute_activity(draft, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


async def published(text: str) -> str:
    """Publish a text and return it."""
    return await workflow.execute_activity(publish, text, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


async def published_patiently(text: str, *, within: timedelta | None = None) -> str:
    """Publish a text; after a failure two hours pass."""
    return await workflow.execute_activity(
        publish, text, start_to_close_timeout=A_WHILE, schedule_to_close_timeout=within, retry_policy=PATIENT
    )


async def withdrawn(text: str) -> None:
    """Take a text back."""
    await workflow.execute_activity(withdraw, text, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


@workflow.defn
class ApprovalForgotten:
    """An approval that comes before the draft is there is forgotten."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, forget, wait and publish."""
        text = await drafted(title)
        self._approved = False
        await workflow.wait_condition(lambda: self._approved)
        return await published(text)

    @workflow.signal
    def approve(self) -> None:
        """Approve."""
        self._approved = True


@workflow.defn
class ApprovalCounted:
    """A second click counts as a second approval, and publishes under another name."""

    def __init__(self) -> None:
        self._approvals = 0

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait and publish."""
        text = await drafted(title)
        await workflow.wait_condition(lambda: self._approvals > 0)
        await published(text)
        return f"{text}, approved by {self._approvals}"

    @workflow.signal
    def approve(self) -> None:
        """Approve."""
        self._approvals += 1


@workflow.defn
class ApprovalOverdue:
    """A plain error at the timeout fails the workflow task, again and again, and never the workflow."""

    def __init__(self) -> None:
        self._approved = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait for a day and publish."""
        text = await drafted(title)
        try:
            await workflow.wait_condition(lambda: self._approved, timeout=A_DAY)
        except TimeoutError as error:
            raise ValueError("nobody approved") from error
        return await published(text)

    @workflow.signal
    def approve(self) -> None:
        """Approve."""
        self._approved = True


@workflow.defn
class CancelSwallowed:
    """Whatever a step fails with is taken for a step without result, a cancellation too."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft and publish."""
        try:
            await drafted(title)
        except (ActivityError, asyncio.CancelledError):
            workflow.logger.info("no draft")
        await published(title)
        return title


@workflow.defn
class CancelNotUndone:
    """What was published is taken back where a step fails, but not where it is cancelled, which is no ``Exception``."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Publish, wait for objections, and draft the next."""
        text = await published(title)
        try:
            await workflow.sleep(timedelta(seconds=1))
            return await drafted(title)
        except Exception:
            await withdrawn(text)
            raise


@workflow.defn
class QueryCounts:
    """Whoever asks for the state changes what comes out in the end."""

    def __init__(self) -> None:
        self._asked = 0

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft and publish."""
        text = await drafted(title)
        await published(text)
        return f"{text}, asked {self._asked} times"

    @workflow.query
    def progress(self) -> int:
        """Return how often somebody asked."""
        self._asked += 1
        return self._asked


@workflow.defn
class UpdateCutOff:
    """The workflow ends as soon as the update has approved, while the handler of the update still publishes."""

    def __init__(self) -> None:
        self._approved = False

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft and wait."""
        text = await drafted(title)
        await workflow.wait_condition(lambda: self._approved)
        return text

    @workflow.update
    async def approve(self, text: str) -> str:
        """Approve and publish."""
        self._approved = True
        return await published(text)


WORKFLOWS = [
    ApprovalForgotten,
    ApprovalCounted,
    ApprovalOverdue,
    CancelSwallowed,
    CancelNotUndone,
    QueryCounts,
    UpdateCutOff,
]

if __name__ == "__main__":
    plumbing.main(workflows=WORKFLOWS, activities=[draft, publish, withdraw])
