"""Without a script the model says a short text, or the tool or the form that the request insists on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.doors.model.model import answer
from harness.doors.model.said import Said
from harness.doors.model.unscripted import said_to

CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
ARGUMENTS = {"city": "Answer 7.", "days": 1}
CHAT = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in ("look", "end")]
PLAIN = [{"type": "function", "name": name, "parameters": CITY} for name in ("look", "end")]
CLAUDE = [{"name": name, "input_schema": CITY} for name in ("look", "end")]


def called(request: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(call.name, call.arguments) for call in said_to(request, digest="7").tool_calls]


@pytest.mark.parametrize(
    ("tools", "choice"),
    [
        (CHAT, {"type": "function", "function": {"name": "end"}}),
        (PLAIN, {"type": "function", "name": "end"}),
        (CLAUDE, {"type": "tool", "name": "end"}),
    ],
)
def test_the_tool_that_is_forced_is_called(tools: list[Any], choice: dict[str, Any]) -> None:
    assert called({"tools": tools, "tool_choice": choice}) == [("end", ARGUMENTS)]


@pytest.mark.parametrize(
    ("tools", "choice", "result"),
    [
        (CHAT, "required", {"messages": [{"role": "tool", "content": "rain"}]}),
        (PLAIN, "required", {"input": [{"type": "function_call_output", "output": "rain"}]}),
        (CLAUDE, {"type": "any"}, {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}),
    ],
)
def test_where_any_tool_is_forced_each_has_its_turn(tools: list[Any], choice: Any, result: dict[str, Any]) -> None:
    assert called({"tools": tools, "tool_choice": choice}) == [("look", ARGUMENTS)]
    assert called({"tools": tools, "tool_choice": choice, **result}) == [("end", ARGUMENTS)]


@pytest.mark.parametrize("choice", [None, "auto", "none", {"type": "auto"}, {"type": "tool", "name": "unknown"}])
def test_a_tool_that_may_be_left_out_is(choice: Any) -> None:
    assert said_to({"tools": CLAUDE, "tool_choice": choice}, digest="7") == Said(text="Answer 7.")


@pytest.mark.parametrize(
    "request_",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}},
        {"text": {"format": {"type": "json_schema", "name": "city", "schema": CITY}}},
        {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
    ],
)
def test_the_text_has_the_form_that_is_asked_for(request_: dict[str, Any]) -> None:
    assert json.loads(said_to(request_, digest="7").text) == ARGUMENTS
    assert said_to({"text": {"format": {"type": "text"}}}, digest="7").text == "Answer 7."
    assert json.loads(said_to({"response_format": {"type": "json_object"}}, digest="7").text) == {"answer": "Answer 7."}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["slow", "fast"]}, "slow"),
        ({"const": "x"}, "x"),
        ({"type": "boolean"}, True),
        ({"type": ["string", "null"]}, "Answer 7."),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "array"}, []),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "Answer 7."),
        ({"allOf": [{"$ref": "#/$defs/Part"}]}, {"name": "Answer 7."}),
        ({"$ref": "#/$defs/Nowhere"}, None),
        ({"type": "null"}, None),
        ({}, None),
    ],
)
def test_a_value_is_made_of_its_schema(schema: dict[str, Any], value: Any) -> None:
    parts = {"Part": {"type": "object", "properties": {"name": {"type": "string"}}}}
    whole = {"type": "object", "properties": {"it": schema}, "$defs": parts}
    said = said_to({"text": {"format": {"type": "json_schema", "schema": whole}}}, digest="7")
    assert json.loads(said.text) == {"it": value}


def test_a_schema_of_itself_has_an_end() -> None:
    tree = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#"}}}}
    said = said_to({"text": {"format": {"type": "json_schema", "schema": tree}}}, digest="7")
    (below,) = json.loads(said.text)["below"]
    assert below["below"]


@pytest.mark.parametrize(
    "schema", [{"enum": 3}, {"anyOf": {"a": 1}}, {"type": "array", "items": {}, "minItems": "x"}, 7]
)
def test_a_schema_that_cannot_be_read_is_answered_by_a_text(schema: Any) -> None:
    whole = {"properties": schema} if schema == 7 else {"type": "object", "properties": {"it": schema}}
    assert said_to({"text": {"format": {"type": "json_schema", "schema": whole}}}, digest="7").text == "Answer 7."


def test_it_is_said_in_the_words_of_the_provider() -> None:
    asked = {
        "model": "claude",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "?"}],
        "tools": CLAUDE,
        "tool_choice": {"type": "tool", "name": "look"},
    }
    told = json.loads(answer(method="POST", path="/v1/messages", body=json.dumps(asked).encode()).body)
    assert told["stop_reason"] == "tool_use"
    assert [(part["type"], part["name"]) for part in told["content"]] == [("tool_use", "look")]
    assert told["content"][0]["input"].keys() == CITY["properties"].keys()
