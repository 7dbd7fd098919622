"""Faults of a model whose answer arrives with status 200 and cannot be used."""

from __future__ import annotations

from harness.faults.action import Truncate
from harness.faults.fault import Fault

MODEL_TRUNCATED = Fault(
    name="model-truncated",
    family="model",
    what="One model call is answered with status 200 and half of its body.",
    right="It is not taken as an answer: the next attempt asks again.",
    action=Truncate(),
    doors=("model",),
    positions=("after",),
)
