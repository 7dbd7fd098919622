"""An action that crashproof does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.action import Impact


@dataclass(frozen=True)
class Nudge:
    """Let the message go on, and say so on the tape."""

    impact: ClassVar[Impact] = Impact()
