"""The model takes a call and never answers."""

from __future__ import annotations

from harness.faults.action import Silence
from harness.faults.fault import Fault

FAULT = Fault(
    name="model-silent",
    family="model",
    what="One model call is never answered, and its connection stays open.",
    right="The agent gives up after a timeout of its own, before the activity times out, and asks again.",
    action=Silence(),
    doors=("model",),
    positions=("before",),
)
