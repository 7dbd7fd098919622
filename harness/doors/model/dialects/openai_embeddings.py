"""OpenAI's Embeddings: ``POST /v1/embeddings``, with a vector that is a function of the text alone."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

from harness.doors.model import openai_errors
from harness.doors.model.dialect import Dialect
from harness.doors.model.said import Said, counts_of

_USUAL_DIMENSIONS = 16
_MOST_DIMENSIONS = 4096


def _body(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    """Return one vector for each text, of length 1."""
    asked = request["input"]
    several = isinstance(asked, list) and not all(isinstance(token, int) for token in asked)
    texts = asked if several else [asked]
    wanted = request.get("dimensions")
    size = wanted if type(wanted) is int and 1 <= wanted <= _MOST_DIMENSIONS else _USUAL_DIMENSIONS
    vectors = [_vector(repr(text), size) for text in texts]
    packed = request.get("encoding_format") == "base64"
    counts = counts_of(request, said, asked_in=("input",))
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
            for index, vector in enumerate(vectors)
        ],
        "model": request["model"],
        "usage": {"prompt_tokens": counts.asked, "total_tokens": counts.asked},
    }


def _vector(text: str, size: int) -> list[float]:
    drawn = hashlib.shake_256(text.encode(errors="replace")).digest(2 * size)
    values = [number / 65536 - 0.5 for (number,) in struct.iter_unpack("<H", drawn)]
    length = sum(value * value for value in values) ** 0.5 or 1.0
    return [value / length for value in values]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _what_is_wrong(request: Any) -> dict[str, str]:
    wrong = openai_errors.what_is_wrong(request)
    if wrong or (isinstance(request.get("input"), str | list) and request["input"]):
        return wrong
    return {"message": "Missing required parameter: 'input'.", "param": "input"}


OPENAI_EMBEDDINGS = Dialect(
    name="openai-embeddings",
    path="embeddings",
    operation="embeddings",
    request_id_header=openai_errors.REQUEST_ID_HEADER,
    scripted=False,
    what_is_wrong=_what_is_wrong,
    body=_body,
    error_body=openai_errors.error_body,
    fault_words=openai_errors.fault_words,
)
