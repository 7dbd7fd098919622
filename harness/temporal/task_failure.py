"""What the message of a failed task says: that it took too long, is not deterministic, or that its type is unknown."""

from __future__ import annotations

import re

_TOO_LONG = ("TMPRL1101", "Potential deadlock")
_UNREADABLE = "Failed decoding arguments"
_NONDETERMINISM = "TMPRL1100"
_UNREGISTERED = re.compile(
    r"is not registered (on this|with a) worker"  # Python, TypeScript, .NET, Ruby; Java
    r"|unable to find (activitytype=|workflow type)"  # Go
    r"|unknown workflow type"  # Java
    r"|no such function is exported by the workflow bundle",  # TypeScript
    re.IGNORECASE,
)
_REGISTERED = re.compile(
    r"(?:available (?:workflows|activities)|supported types|known types are):\s*(.*)", re.IGNORECASE | re.DOTALL
)


def is_blocked(message: str) -> bool:
    """Tell whether a workflow task failed because its code took too long: by load, or as it blocks its thread."""
    return any(sign in message for sign in _TOO_LONG)


def is_nondeterminism(message: str) -> bool:
    """Tell whether a workflow task failed because the history is not what the code does."""
    return _NONDETERMINISM in message


def is_unregistered(message: str) -> bool:
    """Tell whether a worker says that it was given an activity or a workflow of a type that it does not have."""
    return bool(_UNREGISTERED.search(message))


def takes_otherwise(message: str, activity: str) -> bool:
    """Tell whether a worker says that an activity takes other arguments than it was given: in number, or in type."""
    called = re.escape(activity) + r"\(\) (missing|takes|got) .*argument"
    return message.startswith(_UNREADABLE) or bool(re.search(called, message))


def registered_types(message: str) -> list[str]:
    """Return the types that such a worker says it has; none where it does not say."""
    listed = _REGISTERED.search(message)
    return [name for each in listed[1].split(",") if (name := each.strip(" \n'\"[]"))] if listed else []
