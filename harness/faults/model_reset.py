"""The connection to the model is reset."""

from __future__ import annotations

from harness.faults.action import Reset
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-reset",
    family="model",
    what="The connection of one model call is reset before anything is answered.",
    right="The next attempt asks again.",
    action=Reset(),
    doors=("model",),
    positions=("before",),
)
