"""Faults of a model that cannot be reached or does not work: errors of its own, and connections without an answer."""

from __future__ import annotations

from harness.faults.action import ModelError, Reset, Silence
from harness.faults.fault import Fault

MODEL_500_ONCE = Fault(
    name="model-500-once",
    family="model",
    what="The model answers one call with 500.",
    right="The next attempt asks again, and the answer is as if nothing had happened.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
)

MODEL_500_UNTIL_HEALED = Fault(
    name="model-500-until-healed",
    family="model",
    what="The model answers two calls in a row with 500; then it is healed.",
    right="The attempts are spaced as the retry policy says, and one of them gets the answer.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
    times=2,
)

MODEL_OUTAGE = Fault(
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

MODEL_RESET = Fault(
    name="model-reset",
    family="model",
    what="The connection of one model call is reset before anything is answered.",
    right="The next attempt asks again.",
    action=Reset(),
    doors=("model",),
    positions=("before",),
)

MODEL_SILENT = Fault(
    name="model-silent",
    family="model",
    what="One model call is never answered, and its connection stays open.",
    right="The agent gives up after a timeout of its own, before the activity times out, and asks again.",
    action=Silence(),
    doors=("model",),
    positions=("before",),
)
