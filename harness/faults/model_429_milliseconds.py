"""A rate limit that says in milliseconds when to come back, in the providers' own header."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-429-milliseconds",
    family="model",
    what="The model refuses one call with 429 and retry-after-ms: 2500.",
    right="The next attempt comes as soon as the provider asks, and no earlier.",
    action=ModelError(
        429, "rate_limit_exceeded", "Rate limit reached for requests.", retry_after=2.5, told_as="milliseconds"
    ),
    doors=("model",),
    positions=("before",),
)
