"""The model is overloaded whenever it is asked."""

from __future__ import annotations

from typing import Any


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return status 503 with the provider's error body."""
    message = f"The engine of {request['model']} is currently overloaded, please try again later."
    return {"status": 503, "error": {"message": message, "type": "server_error", "param": None, "code": None}}
