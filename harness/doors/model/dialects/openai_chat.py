"""OpenAI's Chat Completions: ``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.doors.model import openai_errors
from harness.doors.model.dialect import Dialect, as_object
from harness.doors.model.said import CREATED, Counts, Said, ToolCall, Usage, calls_of, counts_of
from harness.doors.model.streaming import Stream, event, parts_of


def _body(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    """Return a Chat Completions answer; ``n`` choices, where asked for, are all the same."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": said.text if said.text or not (said.tool_calls or said.refusal) else None,
        "refusal": said.refusal or None,
        "annotations": [],
    }
    if said.tool_calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for call_id, call in calls_of(said, digest=digest)
        ]
    choices = _count(request.get("n"), default=1)
    return {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": CREATED,
        "model": request["model"],
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": said.reason}
            for index in range(choices)
        ],
        "usage": _usage(counts_of(request, said, asked_in=("messages", "tools")), said.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_crashproof",
    }


def _stream(request: dict[str, Any], whole: dict[str, Any]) -> Stream:
    """Return the chunks of an answer: role, content, why it ended, and the usage where it is asked for."""

    def chunk(choices: list[dict[str, Any]], **more: Any) -> str:
        same = {name: whole[name] for name in ("id", "created", "model", "service_tier", "system_fingerprint")}
        return event({**same, "object": "chat.completion.chunk", "choices": choices, **usual, **more})

    def said(choice: dict[str, Any], delta: dict[str, Any], reason: str | None = None) -> str:
        return chunk([{"index": choice["index"], "delta": delta, "logprobs": None, "finish_reason": reason}])

    wants_usage = as_object(request.get("stream_options")).get("include_usage") is True
    usual = {"usage": None} if wants_usage else {}
    choices = whole["choices"]
    opening = [said(choice, {"role": "assistant", "content": "", "refusal": None}) for choice in choices]
    content = [said(choice, delta) for choice in choices for delta in _deltas(choice["message"])]
    closing = [said(choice, {}, choice["finish_reason"]) for choice in choices]
    closing += [chunk([], usage=whole["usage"])] if wants_usage else []
    failed = event(openai_errors.error_body(500, {"message": openai_errors.FAILED_MIDWAY}, digest=""))
    return Stream(
        opening=tuple(opening),
        content=tuple(content),
        closing=tuple(closing),
        done=(event("[DONE]"),),
        error=failed,
    )


def _said_of(whole: dict[str, Any]) -> Said:
    choice = whole["choices"][0]
    message, reason = choice["message"], choice["finish_reason"]
    calls = tuple(
        ToolCall(name=call["function"]["name"], arguments=call["function"]["arguments"], id=call["id"])
        for call in message.get("tool_calls") or ()
    )
    return Said(
        text=message["content"] or "",
        tool_calls=calls,
        refusal=message.get("refusal") or "",
        finish_reason=reason if reason in ("length", "content_filter") else "",
        usage=_counted(as_object(whole.get("usage"))),
    )


def _counted(usage: dict[str, Any]) -> Usage:
    asked, answered = as_object(usage.get("prompt_tokens_details")), as_object(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=usage.get("prompt_tokens", -1),
        output_tokens=usage.get("completion_tokens", -1),
        cached_tokens=asked.get("cached_tokens") or 0,
        cache_write_tokens=asked.get("cache_write_tokens") or 0,
        reasoning_tokens=answered.get("reasoning_tokens") or 0,
    )


def _whole_of(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole answer that chunks make; that of a first choice is all that counts."""
    texts: dict[str, str] = {"content": "", "refusal": ""}
    calls: dict[int, dict[str, Any]] = {}
    reason = None
    for choice in (choice for each in events for choice in each["choices"] if choice["index"] == 0):
        delta = choice["delta"]
        for name in texts:
            texts[name] += delta.get(name) or ""
        for part in delta.get("tool_calls") or ():
            call = calls.setdefault(part["index"], {"id": part.get("id"), "function": {"name": "", "arguments": ""}})
            for name in ("name", "arguments"):
                call["function"][name] += as_object(part.get("function")).get(name) or ""
        reason = choice.get("finish_reason") or reason
    if reason is None:
        raise ValueError("the stream does not say why it ended")
    message = {**texts, "tool_calls": [calls[index] for index in sorted(calls)]}
    usage = next((each["usage"] for each in reversed(events) if each.get("usage")), None)
    return {**events[0], "choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("content", "refusal"):
        yield from ({name: part} for part in parts_of(message[name] or ""))
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        begun = {"id": call["id"], "type": "function", "function": {"name": function["name"], "arguments": ""}}
        yield {"tool_calls": [{"index": index, **begun}]}
        for part in parts_of(function["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}


def _count(value: Any, *, default: int) -> int:
    return value if type(value) is int and 1 <= value <= 128 else default


def _usage(counts: Counts, usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.asked,
        "completion_tokens": counts.answered,
        "total_tokens": counts.asked + counts.answered,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _what_is_wrong(request: Any) -> dict[str, str]:
    return openai_errors.what_is_wrong(request) or openai_errors.what_is_wrong_with_items(
        request.get("messages"), name="messages", required="role"
    )


OPENAI_CHAT = Dialect(
    name="openai-chat",
    path="chat/completions",
    operation="chat.completions",
    request_id_header=openai_errors.REQUEST_ID_HEADER,
    what_is_wrong=_what_is_wrong,
    body=_body,
    stream=_stream,
    said_of=_said_of,
    whole_of=_whole_of,
    outputs="choices",
    text_at=("choices", 0, "message", "content"),
    error_body=openai_errors.error_body,
    fault_words=openai_errors.fault_words,
)
