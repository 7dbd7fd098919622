"""The model fails once."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-500-once",
    family="model",
    what="The model answers one call with 500.",
    right="The next attempt asks again, and the answer is as if nothing had happened.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
)
