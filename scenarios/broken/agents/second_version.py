"""Planted: the next version of the agents in ``first_version``; one renames an activity as if no work were open."""

from __future__ import annotations

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing
    from scenarios.broken.agents.first_version import A_MOMENT, A_WHILE, RETRIES, draft, publish


@activity.defn
async def compose(title: str) -> str:
    """Draft the text, under a better name."""
    return await draft(title)


@workflow.defn
class Renamed:
    """What drafts has another name now, which an execution that has drafted does not know."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Compose, wait and publish."""
        text = await workflow.execute_activity(compose, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)
        await workflow.sleep(A_MOMENT)
        return await workflow.execute_activity(publish, text, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


@workflow.defn
class RenamedBehindPatch:
    """What drafts has another name for executions that have not drafted, and the old one for the others."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Compose, or draft as before; wait and publish."""
        drafting = compose if workflow.patched("compose") else draft
        text = await workflow.execute_activity(drafting, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)
        await workflow.sleep(A_MOMENT)
        return await workflow.execute_activity(publish, text, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


@workflow.defn
class SlowedBehindPatch:
    """It waits a moment longer, behind a patch that the version before does not know: there is no way back."""

    @workflow.run
    async def run(self, title: str) -> str:
        """Draft, wait and publish."""
        text = await workflow.execute_activity(draft, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)
        await workflow.sleep(2 * A_MOMENT if workflow.patched("slower") else A_MOMENT)
        return await workflow.execute_activity(publish, text, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


if __name__ == "__main__":
    plumbing.main(workflows=[Renamed, RenamedBehindPatch, SlowedBehindPatch], activities=[draft, compose, publish])
