"""The models that there are: ``GET /v1/models`` and ``GET /v1/models/NAME``, in the words of both providers at once.

OpenAI and Anthropic ask it at the same path. Each reads its own fields and lets the other's be.
"""

from __future__ import annotations

from typing import Any

from harness.doors.model import openai_errors
from harness.doors.model.dialect import Dialect
from harness.doors.model.said import CREATED, Said

_USUAL = "scripted-model"


def _body(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    """Return the model that the path names, for every name is served, or a list of one."""
    if request["model"]:
        return _model(request["model"])
    return {"object": "list", "data": [_model(_USUAL)], "has_more": False, "first_id": _USUAL, "last_id": _USUAL}


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": CREATED,
        "owned_by": "crashproof",
        "type": "model",
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }


MODELS = Dialect(
    name="models",
    path="models",
    method="GET",
    operation="models",
    request_id_header=openai_errors.REQUEST_ID_HEADER,
    scripted=False,
    names_one=True,
    body=_body,
    error_body=openai_errors.error_body,
    fault_words=openai_errors.fault_words,
)
