"""Embeddings are vectors of length 1, a function of the text alone."""

from __future__ import annotations

import base64
import json
import math
import struct

import pytest
from openai.types import CreateEmbeddingResponse

from tests.unit.doors.model.asking import ask


def embedded(**request: object) -> CreateEmbeddingResponse:
    answer = ask({"model": "m", **request}, path="/v1/embeddings")
    assert answer.status == 200, answer.text
    return CreateEmbeddingResponse.model_validate_json(answer.text)


def test_each_text_has_its_vector() -> None:
    one, other = embedded(input=["a", "b"]).data
    assert (one.index, other.index) == (0, 1)
    assert one.embedding == embedded(input="a").data[0].embedding != other.embedding
    assert math.isclose(math.hypot(*one.embedding), 1.0)


def test_length_and_form_are_as_asked() -> None:
    (plain,) = embedded(input="a", dimensions=3).data
    (packed,) = json.loads(
        ask({"model": "m", "input": "a", "dimensions": 3, "encoding_format": "base64"}, path="/v1/embeddings").text
    )["data"]
    unpacked = struct.unpack("<3f", base64.b64decode(packed["embedding"]))
    assert unpacked == pytest.approx(plain.embedding, abs=1e-6)


def test_tokens_are_one_text() -> None:
    assert len(embedded(input=[1, 2, 3]).data) == 1
    assert len(embedded(input=[[1, 2], [3]]).data) == 2


@pytest.mark.parametrize("wrong", [None, "", [], 3])
def test_no_input_is_refused(wrong: object) -> None:
    refused = ask({"model": "m", "input": wrong}, path="/v1/embeddings")
    assert (refused.status, json.loads(refused.text)["error"]["param"]) == (400, "input")
