"""Results whose type is told, or that are used as what they are."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

TRIES = RetryPolicy(maximum_attempts=3)
LIMIT = timedelta(seconds=10)


@dataclass
class Order:
    total: int


@activity.defn
async def load(number: int) -> Order:
    return Order(number)


@activity.defn
async def title(number: int) -> str:
    return str(number)


@workflow.defn
class Orders:
    @workflow.run
    async def run(self, number: int) -> int:
        order = await workflow.execute_activity(
            "load", number, result_type=Order, start_to_close_timeout=LIMIT, retry_policy=TRIES
        )
        same = await workflow.execute_activity(load, number, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        plain = await workflow.execute_activity("load", number, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        text = await workflow.execute_activity("title", number, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        return order.total + same.total + plain["total"] + plain.get("total", 0) + len(text.title())


@workflow.defn
class Elsewhere:
    @workflow.run
    async def run(self, number: int) -> int:
        bill = await workflow.execute_activity("bill", number, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        name = await workflow.execute_activity("name", number, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        return bill["total"] + sum(bill.values()) + len(name.strip().title())
