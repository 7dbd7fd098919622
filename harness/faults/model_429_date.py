"""A rate limit that says at what time to come back."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-429-date",
    family="model",
    what="The model refuses one call with 429 and Retry-After as an HTTP date at least 3 s away.",
    right="The next attempt comes as soon as the provider asks, and no earlier.",
    action=ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests.", retry_after=3.0, told_as="date"),
    doors=("model",),
    positions=("before",),
)
