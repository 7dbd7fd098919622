"""The answer of the model is cut off in the middle of its JSON."""

from __future__ import annotations

from harness.faults.action import Truncate
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-truncated",
    family="model",
    what="One model call is answered with status 200 and half of its body.",
    right="It is not taken as an answer: the next attempt asks again.",
    action=Truncate(),
    doors=("model",),
    positions=("after",),
)
