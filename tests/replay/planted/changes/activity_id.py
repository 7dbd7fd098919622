"""Planted: an activity has another id."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    from tests.replay.planted.records import Charge, Receipt, Trip

from tests.replay.planted.recorded import Payment


@workflow.defn
class Booking:
    @workflow.run
    async def run(self, trip: Trip) -> Receipt:
        price = await workflow.execute_activity(  # decided
            activities.quote,
            trip,
            activity_id=f"quote-{trip.city.lower()}",  # planted
            start_to_close_timeout=timedelta(seconds=30),
        )
        paid = await workflow.execute_child_workflow(
            Payment.run,
            Charge(amount=price, currency="EUR"),
            id=f"{workflow.info().workflow_id}-payment",
        )
        return Receipt(city=trip.city, paid=paid)
