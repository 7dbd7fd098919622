"""What OpenAI's two APIs refuse, and how OpenAI spells an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.faults.action import ModelError

REQUEST_ID_HEADER = "x-request-id"

FAILED_MIDWAY = "The server had an error while processing your request. Sorry about that!"
"""What is said where an answer fails after its beginning was sent."""

_BY_STATUS = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "unknown_url"),
    429: ("requests", "rate_limit_exceeded"),
}
"""Type and code that OpenAI gives to a status; others: ``invalid_request_error`` or ``server_error``, no code."""

_TYPES = {"rate_limit_exceeded": "requests", "insufficient_quota": "insufficient_quota"}
"""Type that OpenAI gives to a code, whatever the status."""


def error_body(status: int, words: Mapping[str, Any], *, digest: str) -> dict[str, Any]:
    """Return the body of an error; see ``Dialect``."""
    kind, code = _BY_STATUS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    code = words.get("code", code)
    kind = _TYPES.get(str(code), kind)
    return {"error": {"message": f"HTTP status {status}", "type": kind, "param": None, "code": code, **words}}


def fault_words(action: ModelError) -> dict[str, Any]:
    """Return message, type and code. What ends in ``_error`` is a type of OpenAI's, and is sent with no code."""
    if action.code.endswith("_error"):
        return {"message": action.message, "type": action.code, "code": None}
    kind = {"type": action.kind} if action.kind else {}
    return {"message": action.message, "code": action.code or None, **kind}


def what_is_wrong(request: Any) -> dict[str, str]:
    """Return the words in which both APIs refuse a request, whatever it asks; empty where they do not."""
    if not isinstance(request, dict):
        return {"message": "We could not parse the JSON body of your request: it is no object."}
    if not isinstance(request.get("model"), str) or not request["model"]:
        return {"message": "you must provide a model parameter", "param": "model"}
    if not isinstance(request.get("stream", False), bool | None):
        return {"message": "Invalid type for 'stream': expected a boolean.", "param": "stream", "code": "invalid_type"}
    return {}


def what_is_wrong_with_items(asked: Any, *, name: str, required: str = "") -> dict[str, str]:
    """Return the words in which a conversation is refused; empty where it is not.

    Args:
        asked: The conversation, which is to be a list of objects.
        name: Name of the parameter that holds it.
        required: Name of a text that each object must hold; empty: none.
    """
    if not isinstance(asked, list):
        return {"message": f"Missing required parameter: '{name}'.", "param": name}
    if not asked:
        return {"message": f"Invalid '{name}': empty array.", "param": name, "code": "empty_array"}
    for index, item in enumerate(asked):
        param = f"{name}[{index}]"
        if not isinstance(item, dict):
            wrong = f"Invalid type for '{param}': expected an object."
            return {"message": wrong, "param": param, "code": "invalid_type"}
        if required and not isinstance(item.get(required), str):
            param = f"{param}.{required}"
            missing = f"Missing required parameter: '{param}'."
            return {"message": missing, "param": param, "code": "missing_required_parameter"}
    return {}
