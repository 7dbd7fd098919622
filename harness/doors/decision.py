"""Decisions: what a door does with a message that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.doors.http.answer import Answer


@dataclass(frozen=True)
class Refusal:
    """The worker is told a gRPC error: instead of the execution (before), or instead of the answer (after).

    Attributes:
        code: Name of the status code.
        message: Its details.
    """

    code: str
    message: str


Decision = Literal["go", "drop", "twice"] | Refusal | Answer
"""``go``: the message, or its answer, goes on. ``drop``: it ends there unheard; an HTTP connection is closed.
``twice``: it is executed twice, and the first answer goes on, as an HTTP door can. A ``Refusal`` is for the wire door;
an ``Answer`` is given by an HTTP door in place of the one that would have been."""
