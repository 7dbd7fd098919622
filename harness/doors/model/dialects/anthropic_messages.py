"""Anthropic's Messages: ``POST /v1/messages``, and the count of the tokens of a request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from harness.doors.model.dialect import Dialect, as_object
from harness.doors.model.said import Said, ToolCall, Usage, calls_of, counts_of
from harness.doors.model.streaming import Stream, named, parts_of
from harness.faults.action import ModelError

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Type that Anthropic gives to a status; others are ``invalid_request_error`` or ``api_error``."""

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
"""Anthropic's words for why the model stopped."""

_CUT: dict[str, Literal["length", "content_filter"]] = {"max_tokens": "length", "refusal": "content_filter"}
"""Anthropic's words for why an answer is not whole, and what a script calls that."""

_ASKED_IN = ("messages", "system", "tools")


def _body(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    reason = _REASONS[said.reason]
    return {
        "id": f"msg_{digest}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": _content(said, digest),
        "stop_reason": reason,
        "stop_sequence": None,
        "stop_details": {"type": "refusal", "category": None, "explanation": None} if reason == "refusal" else None,
        "container": None,
        "usage": _usage(request, said),
    }


def _content(said: Said, digest: str) -> list[dict[str, Any]]:
    texts = [text for text in (said.text, said.refusal) if text]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text, "citations": None} for text in texts]
    return blocks + [
        {"type": "tool_use", "id": _named(call_id), "name": call.name, "input": _input(call.text)}
        for call_id, call in calls_of(said, digest=digest)
    ]


def _named(call_id: str) -> str:
    return call_id if call_id.startswith("toolu_") else f"toolu_{call_id}"


def _input(text: str) -> Any:
    """Return the arguments as the object that they are; a text that is none as it is, which no client expects."""
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text


def _usage(request: dict[str, Any], said: Said) -> dict[str, Any]:
    counts, usage = counts_of(request, said, asked_in=_ASKED_IN), said.usage
    return {
        "input_tokens": counts.asked,
        "output_tokens": counts.answered,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write_tokens, "ephemeral_1h_input_tokens": 0},
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": None,
    }


def _stream(request: dict[str, Any], whole: dict[str, Any]) -> Stream:
    """Return the events of an answer; how many tokens it has is told at its end."""
    usage = {**whole["usage"], "output_tokens": 1}
    begun = {**whole, "content": [], "stop_reason": None, "stop_details": None, "usage": usage}
    content: list[str] = []
    for index, block in enumerate(whole["content"]):
        content += [named({"type": kind, "index": index, **data}) for kind, data in _block(block)]
    last = {name: whole[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    counted = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    closing = {"type": "message_delta", "delta": last, "usage": {name: whole["usage"][name] for name in counted}}
    return Stream(
        opening=(named({"type": "message_start", "message": begun}), named({"type": "ping"})),
        content=tuple(content),
        closing=(named(closing),),
        done=(named({"type": "message_stop"}),),
        error=named(_error_body(529, {"message": "Overloaded"}, digest=whole["id"])),
    )


def _said_of(whole: dict[str, Any]) -> Said:
    calls = tuple(
        ToolCall(name=block["name"], arguments=block["input"], id=block["id"])
        for block in whole["content"]
        if block["type"] == "tool_use"
    )
    return Said(
        text="".join(block["text"] for block in whole["content"] if block["type"] == "text"),
        tool_calls=calls,
        finish_reason=_CUT.get(whole["stop_reason"], ""),
        usage=_counted(as_object(whole.get("usage"))),
    )


def _counted(usage: dict[str, Any]) -> Usage:
    return Usage(
        input_tokens=usage.get("input_tokens", -1),
        output_tokens=usage.get("output_tokens", -1),
        cached_tokens=usage.get("cache_read_input_tokens") or 0,
        cache_write_tokens=usage.get("cache_creation_input_tokens") or 0,
        reasoning_tokens=as_object(usage.get("output_tokens_details")).get("thinking_tokens") or 0,
    )


def _whole_of(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole message that the events of a stream make."""
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for each in events:
        match each["type"]:
            case "message_start":
                message = each["message"]
            case "content_block_start":
                blocks[each["index"]] = dict(each["content_block"])
            case "content_block_delta" if each["delta"]["type"] == "text_delta":
                blocks[each["index"]]["text"] += each["delta"]["text"]
            case "content_block_delta" if each["delta"]["type"] == "input_json_delta":
                inputs[each["index"]] = inputs.get(each["index"], "") + each["delta"]["partial_json"]
            case "message_delta":
                counted = {name: count for name, count in as_object(each.get("usage")).items() if count is not None}
                message = {**message, **each["delta"], "usage": {**message["usage"], **counted}}
    if events[-1]["type"] != "message_stop":
        raise ValueError(f"the stream ended with {events[-1]['type']}")
    for index, text in inputs.items():
        blocks[index]["input"] = _input(text)
    return {**message, "content": [blocks[index] for index in sorted(blocks)]}


def _block(block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the types of the events of one block of content, each with what it holds beside the block's number."""
    if block["type"] == "text":
        empty, kind, name, text = {**block, "text": ""}, "text_delta", "text", block["text"]
    else:
        empty, kind, name, text = {**block, "input": {}}, "input_json_delta", "partial_json", json.dumps(block["input"])
    yield "content_block_start", {"content_block": empty}
    for part in parts_of(text):
        yield "content_block_delta", {"delta": {"type": kind, name: part}}
    yield "content_block_stop", {}


def _what_is_wrong(request: Any) -> dict[str, str]:
    """Return the words in which a request is refused, which name its field as Anthropic does."""
    return _what_nobody_asks(request) or _no_tokens(request)


def _no_tokens(request: dict[str, Any]) -> dict[str, str]:
    most = request.get("max_tokens")
    if most is None:
        return {"message": "max_tokens: Field required"}
    if type(most) is not int:
        return {"message": "max_tokens: Input should be a valid integer"}
    return {"message": "max_tokens: Input should be greater than or equal to 1"} if most < 1 else {}


def _what_nobody_asks(request: Any) -> dict[str, str]:
    if not isinstance(request, dict):
        return {"message": "The request body is not a JSON object"}
    if not isinstance(request.get("model"), str) or not request["model"]:
        return {"message": "model: Field required"}
    messages = request.get("messages")
    if not isinstance(messages, list):
        return {"message": "messages: Field required"}
    if not messages:
        return {"message": "messages: at least one message is required"}
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant", "system"):
            return {"message": f"messages.{index}.role: Input should be 'user' or 'assistant'"}
        if not isinstance(message.get("content"), str | list):
            return {"message": f"messages.{index}.content: Field required"}
    return {}


def _error_body(status: int, words: Mapping[str, Any], *, digest: str) -> dict[str, Any]:
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": words.get("type", kind), "message": words.get("message", f"HTTP status {status}")}
    return {"type": "error", "error": error, "request_id": f"req_{digest}"}


def _fault_words(action: ModelError) -> dict[str, Any]:
    """Return the message alone: Anthropic's type follows from the status."""
    return {"message": action.message}


def _count(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    return {"input_tokens": counts_of(request, Said(), asked_in=_ASKED_IN).asked}


ANTHROPIC_MESSAGES = Dialect(
    name="anthropic-messages",
    path="messages",
    operation="messages",
    request_id_header="request-id",
    what_is_wrong=_what_is_wrong,
    body=_body,
    stream=_stream,
    said_of=_said_of,
    whole_of=_whole_of,
    outputs="content",
    text_at=("content", 0, "text"),
    error_body=_error_body,
    fault_words=_fault_words,
)

ANTHROPIC_COUNT_TOKENS = Dialect(
    name="anthropic-count-tokens",
    path="messages/count_tokens",
    operation="messages.count_tokens",
    request_id_header="request-id",
    scripted=False,
    what_is_wrong=_what_nobody_asks,
    body=_count,
    error_body=_error_body,
    fault_words=_fault_words,
)
