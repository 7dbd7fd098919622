"""A fault with an action of crashproof's, and one with an action of its own."""

from __future__ import annotations

from added.action import Nudge
from harness.faults import Fault
from harness.faults.action import ModelError

MODEL_TEAPOT = Fault(
    name="model-teapot",
    family="model",
    what="The model answers one call with 418.",
    right="The next attempt asks again.",
    action=ModelError(418, "server_error", "This model is a teapot."),
    doors=("model",),
    positions=("before",),
)

NUDGE = Fault(
    name="nudge-worker",
    family="process",
    what="Nothing happens, and the tape says so.",
    right="The work ends as if nothing had happened.",
    action=Nudge(),
)
