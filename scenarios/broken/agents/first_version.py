"""The first version of agents whose code is changed in mid-run; what is wrong is in ``second_version``.

Each drafts a text, waits a moment for objections, and publishes the text.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
A_WHILE = timedelta(minutes=5)
A_MOMENT = timedelta(seconds=0.5)


@activity.defn
async def draft(title: str) -> str:
    """Draft the text."""
    return f"Draft of {title}"


@activity.defn
async def publish(text: str) -> str:
    """Publish the text, once for each workflow id."""
    await plumbing.effect("publish", {"text": text}, key=f"{activity.info().workflow_id}/publish")
    return text


@workflow.defn
class Renamed:
    """Drafts and publishes."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait and publish."""
        text = await workflow.execute_activity(draft, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)
        await workflow.sleep(A_MOMENT)
        return await workflow.execute_activity(publish, text, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


@workflow.defn
class RenamedBehindPatch(Renamed):
    """Drafts and publishes."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait and publish."""
        return await super().run(title)


@workflow.defn
class SlowedBehindPatch(Renamed):
    """Drafts and publishes."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait and publish."""
        return await super().run(title)


if __name__ == "__main__":
    plumbing.main(workflows=[Renamed, RenamedBehindPatch, SlowedBehindPatch], activities=[draft, publish])
