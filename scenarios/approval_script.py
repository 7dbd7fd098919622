"""What the model answers to the approval agent: a plan, and what carrying it out came to."""

from __future__ import annotations

from typing import Any


def answer(request: dict[str, Any]) -> str:
    """Answer by what is asked; what is carried out says with whose notes."""
    asked = request["messages"][-1]["content"]
    if asked.startswith("Carry out:"):
        return f"The picnic is arranged. {asked.splitlines()[-1]}"
    return "1. Hire a basket. 2. Wait for a dry day."
