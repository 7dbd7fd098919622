"""The model answers with a first note, and with the last one as soon as the first is in the conversation."""

from __future__ import annotations

from typing import Any

FIRST = "Attention weighs every token of the sequence against every other."
LAST = "Cost grows with the square of the length of the sequence. [DONE]"


def answer(request: dict[str, Any]) -> str:
    """Return the note that follows those already in the conversation."""
    return LAST if any(FIRST in str(message["content"]) for message in request["messages"]) else FIRST
