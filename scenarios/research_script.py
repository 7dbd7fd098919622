"""What the model answers to the research agent: a function of the conversation so far, never of a call counter."""

from __future__ import annotations

from typing import Any

NOTES = (
    "Attention weighs every token of the sequence against every other.",
    "Queries, keys and values are three projections of the same token.",
    "Several heads attend at once, each to another relation.",
    "Cost grows with the square of the length of the sequence. [DONE]",
)


def answer(request: dict[str, Any]) -> str:
    """Return the note that follows those already in the conversation."""
    taken = sum(message["role"] == "assistant" for message in request["messages"])
    return NOTES[min(taken, len(NOTES) - 1)]
