"""The model refuses every request as invalid: asking again cannot help."""

from __future__ import annotations

from typing import Any


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return status 400 with the provider's error body."""
    message = f"Invalid value in model {request['model']!r}."
    error = {"message": message, "type": "invalid_request_error", "param": "messages", "code": "invalid_value"}
    return {"status": 400, "error": error}
