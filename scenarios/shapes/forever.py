"""A desk that takes orders by signal and never closes: its workflow ends by being over, not by itself."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def fulfil(order: str) -> str:
    """Fulfil one order."""
    await plumbing.effect("fulfil", {"order": order}, key=f"{activity.info().workflow_id}/{order}")
    return order


@workflow.defn
class OrderDeskWorkflow:
    """Fulfils orders in the order in which they come, for ever."""

    @workflow.init
    def __init__(self, waiting: list[str]) -> None:
        self._waiting = deque(waiting)

    @workflow.run
    async def run(self, waiting: list[str]) -> None:
        """Fulfil orders; continue as new when the history has grown long."""
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(lambda: bool(self._waiting))
            await workflow.execute_activity(
                fulfil, self._waiting[0], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
            self._waiting.popleft()
        workflow.continue_as_new(list(self._waiting))

    @workflow.signal
    def order(self, name: str) -> None:
        """Order something."""
        self._waiting.append(name)


if __name__ == "__main__":
    plumbing.main(workflows=[OrderDeskWorkflow], activities=[fulfil])
