"""A rate limit that says in seconds when to come back."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-429-seconds",
    family="model",
    what="The model refuses one call with 429 and Retry-After: 3.",
    right="The next attempt comes as soon as the provider asks, and no earlier.",
    action=ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests.", retry_after=3.0),
    doors=("model",),
    positions=("before",),
)
