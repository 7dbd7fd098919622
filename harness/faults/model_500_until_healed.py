"""The model fails twice and comes back."""

from __future__ import annotations

from harness.faults.action import ModelError
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-500-until-healed",
    family="model",
    what="The model answers two calls in a row with 500; then it is healed.",
    right="The attempts are spaced as the retry policy says, and one of them gets the answer.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
    times=2,
)
