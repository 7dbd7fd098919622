"""What the message of a failed workflow task says: that the code took too long, or that it is not deterministic."""

from __future__ import annotations

_TOO_LONG = ("TMPRL1101", "Potential deadlock")
_NONDETERMINISM = "TMPRL1100"


def is_blocked(message: str) -> bool:
    """Tell whether a workflow task failed because its code took too long: by load, or as it blocks its thread."""
    return any(sign in message for sign in _TOO_LONG)


def is_nondeterminism(message: str) -> bool:
    """Tell whether a workflow task failed because the history is not what the code does."""
    return _NONDETERMINISM in message
