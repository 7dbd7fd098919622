"""Faults of the calls by which an agent changes the world outside, such as a payment."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.action import Action, LoseReply, Reset, Silence, TimeOut
from harness.faults.fault import Fault, Heard, timed_out_for_ever
from harness.faults.model.actions import SendBody, Slow
from harness.faults.transport import Duplicate, ForgetName, RefuseConnections
from harness.records.point import Position

_AGAIN = "The next attempt asks for it with the same key, so that it happens once."
_ENDS = "The attempts end at the declared cap, spaced as the retry policy says, and the work fails."

EFFECT_REPLY_LOST = Fault(
    name="effect-reply-lost",
    family="effect",
    what="The effect is executed, and the worker sees the connection break instead of the answer.",
    right=_AGAIN,
    action=LoseReply(),
    doors=("effect",),
    positions=("after",),
)


def _met(
    name: str,
    what: str,
    action: Action,
    *,
    right: str = _AGAIN,
    position: Position = "before",
    heard: Heard = "no answer",
) -> Fault:
    """Return a fault that one call of an effect meets."""
    return Fault(
        name=name,
        family="effect",
        what=what,
        right=right,
        action=action,
        every="activity",
        doors=("effect",),
        positions=(position,),
        heard=heard,
    )


EFFECT_500_ONCE = _met(
    "effect-500-once", "The effect is not executed, and answered with 500.", SendBody('{"error": "failed"}', status=500)
)

EFFECT_503_UNTIL_HEALED = replace(
    _met(
        "effect-503-until-healed",
        "The effect is not executed, and answered with 503, twice in a row; then it is healed.",
        SendBody('{"error": "unavailable"}', status=503),
        right="The attempts are spaced as the retry policy says, and in one of them it happens.",
    ),
    times=2,
)

EFFECT_OUTAGE = replace(
    _met(
        "effect-outage",
        "No effect is executed any more: each is answered with 500, and nothing heals it.",
        SendBody('{"error": "failed"}', status=500),
        right=_ENDS,
    ),
    times=0,
    terminal=True,
)

EFFECT_409 = _met(
    "effect-409",
    "The effect is not executed, and answered with 409: something is in its way.",
    SendBody('{"error": "conflict"}', status=409),
    right="It is asked for again, or the work ends in a failure that says so; it is not taken as done.",
    heard="another answer",
)

EFFECT_RESET = _met("effect-reset", "The connection of one effect is reset before it is executed.", Reset())

EFFECT_REFUSED = _met(
    "effect-refused",
    "The services of effects go down at one of them: its connection is reset, it is not executed, and new connections "
    "are refused until the attempt has ended (for 5 s at most).",
    RefuseConnections(),
)

EFFECT_UNKNOWN_NAME = replace(
    _met(
        "effect-unknown-name",
        "The worker is killed at one effect, and started again with a host name of its services that nobody knows.",
        ForgetName(),
        right=_ENDS,
    ),
    times=0,
    terminal=True,
)

EFFECT_DUPLICATED = _met(
    "effect-duplicated",
    "The request of one effect arrives twice, and is executed twice where nothing tells that it is the same.",
    Duplicate(),
    right="It is sent with an idempotency key, by which the service does it once.",
    heard="the answer",
)

EFFECT_SILENT = _met(
    "effect-silent",
    "One effect is not executed, never answered, and its connection stays open.",
    Silence(),
    right="The agent gives up after a timeout of its own, before the activity times out, and asks again.",
)

EFFECT_SILENT_ALWAYS = timed_out_for_ever(
    _met(
        "effect-silent-always",
        "No effect is executed or answered, from one on, and each attempt of the activity times out before its client "
        "gives up.",
        TimeOut(),
    )
)

EFFECT_SLOW = _met(
    "effect-slow",
    "One effect is executed, and answered 10 s later.",
    Slow(),
    right="Heartbeats go on meanwhile, and it happens once.",
    position="after",
    heard="the answer",
)
