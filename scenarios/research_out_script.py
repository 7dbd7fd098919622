"""The model that the research agent usually asks is out of service; any other answers as it would."""

from __future__ import annotations

from typing import Any

from scenarios.research.activities import MODEL
from scenarios.research_script import answer as research_answer


def answer(request: dict[str, Any]) -> str | dict[str, Any]:
    """Return status 503 for the usual model, and the next note for another one."""
    if request["model"] != MODEL:
        return research_answer(request)
    error = {"message": "The engine is currently overloaded, please try again later.", "type": "server_error"}
    return {"status": 503, "error": error}
