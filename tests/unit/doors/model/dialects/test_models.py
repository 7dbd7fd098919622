"""Models are listed in the words of both providers."""

from __future__ import annotations

import json

import anthropic.types
import openai.types

from tests.unit.doors.model.asking import ask


def test_any_model_is_there() -> None:
    found = json.loads(ask(b"", path="/v1/models/gpt-4o", method="GET").text)
    assert openai.types.Model.model_validate(found).id == "gpt-4o"
    assert anthropic.types.ModelInfo.model_validate(found).id == "gpt-4o"


def test_the_list_has_one() -> None:
    listed = json.loads(ask(b"", path="/v1/models", method="GET").text)
    assert [openai.types.Model.model_validate(each).id for each in listed["data"]] == ["scripted-model"]


def test_nothing_is_deleted() -> None:
    assert ask(b"", path="/v1/models/gpt-4o", method="DELETE").status == 404
    assert ask(b"", path="/v1/models/gpt-4o/more", method="GET").status == 404
