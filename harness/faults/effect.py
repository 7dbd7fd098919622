"""Faults of the calls by which an agent changes the world outside, such as a payment."""

from __future__ import annotations

from harness.faults.action import LoseReply
from harness.faults.fault import Fault

EFFECT_REPLY_LOST = Fault(
    name="effect-reply-lost",
    family="effect",
    what="The effect is executed, and the worker sees the connection break instead of the answer.",
    right="The next attempt asks for it with the same key, so that it happens once.",
    action=LoseReply(),
    doors=("effect",),
    positions=("after",),
)
