"""Faults of a model that will never accept a request, however often it is sent."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

MODEL_400 = Fault(
    name="model-400",
    family="model",
    what="The model refuses every call with 400 invalid_request_error.",
    right="It is not tried again: one attempt, one request, and a failure that is marked as not retryable.",
    action=ModelError(400, "invalid_request_error", "This request is not valid."),
    doors=("model",),
    positions=("before",),
    times=0,
    terminal=True,
)
