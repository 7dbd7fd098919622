"""Faults of a model on the way to it: its service is down, its name is not known, or a request arrives twice."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.model.one_call import one_call
from harness.faults.transport import Duplicate, ForgetName, RefuseConnections

_ENDS = "The attempts end at the declared cap, spaced as the retry policy says, and the work fails or falls back."

MODEL_REFUSED = one_call(
    "model-refused",
    "The model's service goes down at one call: its connection is reset, and new ones are refused until the attempt "
    "has ended (for 5 s at most).",
    RefuseConnections(),
)

MODEL_REFUSED_ALWAYS = replace(
    one_call(
        "model-refused-always",
        "The model's service goes down at one call: its connection is reset, and new ones are refused from then on.",
        RefuseConnections(heals=False),
        right=_ENDS,
    ),
    times=0,
    terminal=True,
)

MODEL_UNKNOWN_NAME = replace(
    one_call(
        "model-unknown-name",
        "The worker is killed at one call, and started again with a host name of the model that nobody knows.",
        ForgetName(),
        right=_ENDS,
    ),
    times=0,
    terminal=True,
)

MODEL_DUPLICATED = one_call(
    "model-duplicated",
    "The request of one call arrives twice: the model answers twice, and bills twice; the first answer is heard.",
    Duplicate(),
    right="The answer is taken as ever; what was billed twice is shown.",
    heard="the answer",
)
