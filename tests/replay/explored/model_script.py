"""What the model says to the explored workflows, and what else it might say."""

from __future__ import annotations

from typing import Any


def answer(request: dict[str, Any]) -> str:
    return "stop"


def others(request: dict[str, Any]) -> dict[str, Any]:
    return {"it wants a tool": "search", "an empty answer": ""}
