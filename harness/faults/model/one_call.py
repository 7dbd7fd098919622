"""What most faults of a model have in common: one call of it meets them, and nothing else breaks."""

from __future__ import annotations

from harness.faults.action import Action
from harness.faults.fault import Every, Fault, Heard
from harness.records.point import Position

AGAIN = "The next attempt asks again, and the answer is as if nothing had happened."
FINAL = "It is not tried again: one attempt, one request, and a failure that is marked as not retryable."
WHOLE = ("chat.completions", "messages", "responses")
"""The operations whose answers are conversations, and come whole."""


def one_call(
    name: str,
    what: str,
    action: Action,
    *,
    right: str = AGAIN,
    position: Position = "before",
    every: Every = "activity",
    operations: tuple[str, ...] = (),
    heard: Heard = "no answer",
    needs_tools: bool = False,
) -> Fault:
    """Return the fault of one call of a model; the arguments are those of ``Fault``."""
    return Fault(
        name=name,
        family="model",
        what=what,
        right=right,
        action=action,
        every=every,
        doors=("model",),
        positions=(position,),
        operations=operations,
        heard=heard,
        needs_tools=needs_tools,
    )
