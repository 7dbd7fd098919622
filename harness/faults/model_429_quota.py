"""An exhausted quota: it has the status of a rate limit, and no waiting helps."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
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
