"""The model calls the tool that books a table, and tells of it once the tool has answered."""

from __future__ import annotations

from typing import Any


def answer(request: dict[str, Any]) -> str | dict[str, Any]:
    """Return a call of the tool, or the last words."""
    if any(message["role"] == "tool" for message in request["messages"]):
        return "Your table is booked."
    return {"tool_calls": [{"name": "book_table", "arguments": {"guests": 4}}]}
