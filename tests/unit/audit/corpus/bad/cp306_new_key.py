"""A payment with an idempotency key that every attempt makes anew."""

import uuid

import stripe
from temporalio import activity


@activity.defn
def charge(customer: str, cents: int) -> str:
    key = f"charge-{customer}-{uuid.uuid4()}"
    intent = stripe.PaymentIntent.create(  # finding: CP306
        amount=cents, currency="eur", customer=customer, idempotency_key=key
    )
    return str(intent.id)
