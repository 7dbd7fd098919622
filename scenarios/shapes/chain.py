"""A chain: each run copies one page and continues as new with the next."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def copy_page(page: int) -> str:
    """Copy one page."""
    await plumbing.effect("page", {"page": page}, key=f"{activity.info().workflow_id}/page-{page}")
    return f"page {page}"


@workflow.defn
class BookWorkflow:
    """A book, copied page by page, one run for each."""

    @workflow.run
    async def run(self, page: int, pages: int) -> str:
        """Copy the page; the last run tells where the book ended."""
        copied = await workflow.execute_activity(
            copy_page, page, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        if page < pages:
            workflow.continue_as_new(args=[page + 1, pages])
        return f"ended with {copied}"


if __name__ == "__main__":
    plumbing.main(workflows=[BookWorkflow], activities=[copy_page])
