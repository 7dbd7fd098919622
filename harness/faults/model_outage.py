"""The model is down for longer than anybody will wait."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-outage",
    family="model",
    what="The model answers every call with 500, and is never healed.",
    right="The attempts end at the declared cap, spaced as the retry policy says, and the work fails or falls back.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
    times=0,
    terminal=True,
)
