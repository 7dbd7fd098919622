"""The usual model is out of service; any other answers."""

from __future__ import annotations

from typing import Any

USUAL = "gpt-4o-mini"


def answer(request: dict[str, Any]) -> str | dict[str, Any]:
    """Return status 503 for the usual model, and an answer of any other."""
    if request["model"] != USUAL:
        return "It rains because warm air rises and cools."
    error = {"message": "The engine is currently overloaded, please try again later.", "type": "server_error"}
    return {"status": 503, "error": error}
