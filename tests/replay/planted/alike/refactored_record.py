"""Looks like another record, but it is only written otherwise: its JSON is the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    from tests.replay.planted.records import Receipt, Trip


@dataclass(kw_only=True)
class Money:
    currency: str


@dataclass(kw_only=True)
class Charge(Money):
    """Has its fields in another order, one of them inherited; its JSON is the same."""

    amount: float


@workflow.defn
class Booking:
    @workflow.run
    async def run(self, trip: Trip) -> Receipt:
        price = await workflow.execute_activity(
            activities.quote,
            trip,
            activity_id=f"quote-{trip.city}",
            start_to_close_timeout=timedelta(seconds=30),
        )
        paid = await workflow.execute_child_workflow(
            "Payment",
            Charge(amount=price, currency="EUR"),
            id=f"{workflow.info().workflow_id}-payment",
            result_type=str,
        )
        return Receipt(city=trip.city, paid=paid)
