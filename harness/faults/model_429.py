"""A rate limit that does not say when to come back."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-429",
    family="model",
    what="The model refuses one call with 429 without Retry-After.",
    right="The next attempt comes after the backoff of the retry policy.",
    action=ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests."),
    doors=("model",),
    positions=("before",),
)
