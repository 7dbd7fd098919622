"""An agent that is right to fail: what it is asked to buy is beyond its budget."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def quote(article: str) -> int:
    """Ask for the price of an article and keep the quote on file."""
    await plumbing.effect("quote", {"article": article}, key=f"{activity.info().workflow_id}/quote")
    return 900


@workflow.defn
class PurchaseWorkflow:
    """Buys an article if its price is within the budget."""

    @workflow.run
    async def run(self, article: str, budget: int) -> str:
        """Return what was bought, or fail with ``BudgetExceeded``."""
        price = await workflow.execute_activity(
            quote, article, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        if price > budget:
            raise ApplicationError(f"{article} costs {price}, the budget is {budget}", type="BudgetExceeded")
        return article


if __name__ == "__main__":
    plumbing.main(workflows=[PurchaseWorkflow], activities=[quote])
