"""Faults of a model that limits the rate or the amount of calls: status 429 in all its forms."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

MODEL_429 = Fault(
    name="model-429",
    family="model",
    what="The model refuses one call with 429 without Retry-After.",
    right="The next attempt comes after the backoff of the retry policy.",
    action=ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests."),
    doors=("model",),
    positions=("before",),
)

MODEL_429_SECONDS = Fault(
    name="model-429-seconds",
    family="model",
    what="The model refuses one call with 429 and Retry-After: 3.",
    right="The next attempt comes as soon as the provider asks, and no earlier.",
    action=ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests.", retry_after=3.0),
    doors=("model",),
    positions=("before",),
)

MODEL_429_MILLISECONDS = Fault(
    name="model-429-milliseconds",
    family="model",
    what="The model refuses one call with 429 and retry-after-ms: 2500.",
    right="The next attempt comes as soon as the provider asks, and no earlier.",
    action=ModelError(
        429, "rate_limit_exceeded", "Rate limit reached for requests.", retry_after=2.5, sent_as="milliseconds"
    ),
    doors=("model",),
    positions=("before",),
)

MODEL_429_DATE = Fault(
    name="model-429-date",
    family="model",
    what="The model refuses one call with 429 and Retry-After as an HTTP date at least 3 s away.",
    right="The next attempt comes as soon as the provider asks, and no earlier.",
    action=ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests.", retry_after=3.0, sent_as="date"),
    doors=("model",),
    positions=("before",),
)

MODEL_429_QUOTA = Fault(
    name="model-429-quota",
    family="model",
    what="The model refuses every call with 429 and the code insufficient_quota.",
    right="It is not tried again: one attempt, one request, and a failure that is marked as not retryable.",
    action=ModelError(
        429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."
    ),
    doors=("model",),
    positions=("before",),
    times=0,
    terminal=True,
)
