"""Results of activities that are started by name and used as objects: they are dictionaries."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

TRIES = RetryPolicy(maximum_attempts=3)


@dataclass
class Order:
    total: int


@activity.defn
async def load(number: int) -> Order:
    return Order(number)


@workflow.defn
class Orders:
    @workflow.run
    async def run(self, number: int) -> int:
        order = await workflow.execute_activity(
            "load", number, start_to_close_timeout=timedelta(seconds=10), retry_policy=TRIES
        )
        return order.total  # finding: CP217


@workflow.defn
class Elsewhere:
    @workflow.run
    async def run(self, number: int) -> int:
        limit = timedelta(seconds=10)
        bill = await workflow.execute_activity("bill", number, start_to_close_timeout=limit, retry_policy=TRIES)
        return bill.total  # finding: CP217
