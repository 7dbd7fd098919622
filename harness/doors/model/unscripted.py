"""What a model says that has no script: a short text, or what the request insists on, a tool or a form.

A provider never answers otherwise a request that forces a tool (``tool_choice``) or gives a JSON schema for the answer:
an agent that relies on it must not fail because nobody wrote a script. Values are made up of the schema, one of each
property, and the same whenever the same is asked. Of several tools that would do each has its turn, so that a loop that
ends with a certain one does end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.doors.model.said import Said, ToolCall

_DEEPEST = 8
_TEXTS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com",
    "uuid": "5f0c8a52-6d0e-4b7c-9d43-1e2f3a4b5c6d",
}
"""Texts of the formats that JSON Schema names (its section 7.3), as far as providers take them."""

_UNREADABLE = (TypeError, ValueError, AttributeError, LookupError, RecursionError)

_RESULTS = ("tool_result", "function_call_output")
"""Types of the parts of a conversation that hold what a tool returned; Chat Completions has a role of its own."""


def said_to(request: Mapping[str, Any], *, digest: str) -> Said:
    """Return what is said to a request; a text where its tools or its schema are none that can be read.

    Args:
        request: The body of the request, of any of the APIs.
        digest: Names it.
    """
    text = f"Answer {digest}."
    try:
        return _insisted_on(request, text)
    except _UNREADABLE:
        return Said(text=text)


def tools_in(request: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return the tools that a request offers, by name, and the one that it is answered with; empty where it is none.

    What the provider itself runs has no name and is none. Where its tools cannot be read there are none.
    """
    try:
        forced = _forced(request)
        return [name for name, _ in _tools(request)], forced[0] if forced else ""
    except _UNREADABLE:
        return [], ""


def _insisted_on(request: Mapping[str, Any], text: str) -> Said:
    if (tool := _forced(request)) is not None:
        name, schema = tool
        return Said(tool_calls=(ToolCall(name=name, arguments=_made(schema, schema, text, 0) or {}),))
    schema = _answer_schema(request)
    return Said(text=text if schema is None else json.dumps(_made(schema, schema, text, 0)))


def _forced(request: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return name and schema of the tool that the request forces; None where it may be answered by a text."""
    choice, tools = request.get("tool_choice"), list(_tools(request))
    named = choice if isinstance(choice, Mapping) else {"type": choice}
    function = named.get("function")
    name = named.get("name") or (function.get("name") if isinstance(function, Mapping) else None)
    if name:
        return next((tool for tool in tools if tool[0] == name), None)
    if named.get("type") in ("required", "any") and tools:
        return tools[_results(request) % len(tools)]
    return None


def _tools(request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    offered = request.get("tools")
    for each in offered if isinstance(offered, Sequence) else ():
        tool = each.get("function", each) if isinstance(each, Mapping) else {}
        if isinstance(tool, Mapping) and isinstance(tool.get("name"), str):
            yield tool["name"], tool.get("parameters", tool.get("input_schema", {}))


def _results(said: Any) -> int:
    """Count the results of tools in a conversation."""
    if isinstance(said, Mapping):
        own = said.get("role") == "tool" or said.get("type") in _RESULTS
        return own + sum(map(_results, said.values()))
    return sum(map(_results, said)) if isinstance(said, list) else 0


def _answer_schema(request: Mapping[str, Any]) -> Any:
    """Return the schema that the text of the answer is to have; None where it may be any text."""
    for holder, name in (
        (request, "response_format"),
        (request.get("text"), "format"),
        (request, "output_format"),
        (request.get("output_config"), "format"),
    ):
        form = holder.get(name) if isinstance(holder, Mapping) else None
        if isinstance(form, Mapping) and form.get("type") == "json_object":
            return {"type": "object", "properties": {"answer": {"type": "string"}}}
        if isinstance(form, Mapping) and form.get("type") == "json_schema":
            inner = form.get("json_schema", form)
            return inner.get("schema", {}) if isinstance(inner, Mapping) else {}
    return None


def _made(schema: Any, root: Any, text: str, depth: int) -> Any:
    """Return a value that a schema allows, as far as its common keywords say."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    if reference := schema.get("$ref"):
        return _made(_referred(reference, root), root, text, depth + 1)
    for name in ("anyOf", "oneOf", "allOf"):
        if choices := schema.get(name):
            return _made(choices[0], root, text, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or (kind is None and "properties" in schema):
        properties = schema.get("properties") or {}
        return {name: _made(each, root, text, depth + 1) for name, each in properties.items()}
    if kind == "array":
        least = schema.get("minItems") or (1 if "items" in schema and depth + 1 < _DEEPEST else 0)
        return [_made(schema.get("items"), root, text, depth + 1) for _ in range(least)]
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("maximum", 1))
    if kind == "boolean":
        return True
    return _TEXTS.get(schema.get("format", ""), text) if kind == "string" else None


def _referred(reference: str, root: Any) -> Any:
    schema = root
    for part in reference.removeprefix("#").split("/")[1:]:
        schema = schema.get(part) if isinstance(schema, Mapping) else None
    return schema
