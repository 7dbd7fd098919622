"""OpenAI's Responses: ``POST /v1/responses``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from harness.doors.model import openai_errors
from harness.doors.model.dialect import Dialect, as_object
from harness.doors.model.said import CREATED, Counts, Said, ToolCall, Usage, calls_of, counts_of
from harness.doors.model.streaming import Stream, named, parts_of


def _body(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    """Return a Responses answer, which repeats the settings of the request as the provider does."""
    incomplete = next((reason for reason, called in _REASONS.items() if called == said.reason), None)
    conversation = request.get("conversation")
    return {
        "id": f"resp_{digest}",
        "object": "response",
        "created_at": CREATED,
        "completed_at": None if incomplete else CREATED,
        "status": "incomplete" if incomplete else "completed",
        "error": None,
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "model": request["model"],
        "output": _output(said, digest, status="incomplete" if incomplete else "completed"),
        "usage": _usage(counts_of(request, said, asked_in=("input", "instructions", "tools")), said.usage),
        **{name: request[name] if request.get(name) is not None else usual for name, usual in _REPEATED.items()},
        "background": False,
        "service_tier": "default",
        "conversation": {"id": conversation} if isinstance(conversation, str) else conversation,
        "reasoning": {"effort": None, "summary": None, **as_object(request.get("reasoning"))},
        "text": {"format": {"type": "text"}, "verbosity": "medium", **as_object(request.get("text"))},
        "tools": _tools(request.get("tools")),
    }


_REASONS: dict[str, Literal["length", "content_filter"]] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}
"""Why an answer is incomplete, and what a script calls that."""

_REPEATED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def _output(said: Said, digest: str, *, status: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    content: list[dict[str, Any]] = [{"type": "refusal", "refusal": said.refusal}] if said.refusal else []
    if said.text or not (said.tool_calls or said.refusal):
        content.insert(0, {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []})
    if content:
        items.append(
            {"id": f"msg_{digest}", "type": "message", "role": "assistant", "status": status, "content": content}
        )
    items += [
        {
            "id": f"fc_{digest}{index}",
            "type": "function_call",
            "status": status,
            "call_id": call_id,
            "name": call.name,
            "arguments": call.text,
        }
        for index, (call_id, call) in enumerate(calls_of(said, digest=digest))
    ]
    return items


def _stream(request: dict[str, Any], whole: dict[str, Any]) -> Stream:
    """Return the events of an answer, numbered; the last one holds it as a whole."""
    numbers = itertools.count()

    def numbered(kind: str, **data: Any) -> str:
        return named({"type": kind, "sequence_number": next(numbers), **data})

    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "completed_at": None}
    begun |= {"incomplete_details": None}
    opening = [numbered(f"response.{kind}", response=begun) for kind in ("created", "in_progress")]
    content: list[str] = []
    for index, item in enumerate(whole["output"]):
        empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
        started = {**item, "status": "in_progress", **empty}
        content.append(numbered("response.output_item.added", output_index=index, item=started))
        content += [numbered(kind, output_index=index, item_id=item["id"], **data) for kind, data in _parts(item)]
        content.append(numbered("response.output_item.done", output_index=index, item=item))
    closing = numbered(f"response.{whole['status']}", response=whole)
    error = {"code": "server_error", "message": openai_errors.FAILED_MIDWAY}
    failed = numbered("response.failed", response={**begun, "status": "failed", "error": error})
    return Stream(opening=tuple(opening), content=tuple(content), closing=(closing,), error=failed)


def _said_of(whole: dict[str, Any]) -> Said:
    parts = [part for item in whole["output"] if item["type"] == "message" for part in item["content"]]
    return Said(
        text="".join(part["text"] for part in parts if part["type"] == "output_text"),
        tool_calls=tuple(
            ToolCall(name=item["name"], arguments=item["arguments"], id=item["call_id"])
            for item in whole["output"]
            if item["type"] == "function_call"
        ),
        refusal="".join(part["refusal"] for part in parts if part["type"] == "refusal"),
        finish_reason=_REASONS.get(as_object(whole.get("incomplete_details")).get("reason", ""), ""),
        usage=_counted(as_object(whole.get("usage"))),
    )


def _counted(usage: dict[str, Any]) -> Usage:
    asked, answered = as_object(usage.get("input_tokens_details")), as_object(usage.get("output_tokens_details"))
    return Usage(
        input_tokens=usage.get("input_tokens", -1),
        output_tokens=usage.get("output_tokens", -1),
        cached_tokens=asked.get("cached_tokens") or 0,
        cache_write_tokens=asked.get("cache_write_tokens") or 0,
        reasoning_tokens=answered.get("reasoning_tokens") or 0,
    )


def _whole_of(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole answer that the last event of a stream holds."""
    last = events[-1]
    if last["type"] not in ("response.completed", "response.incomplete"):
        raise ValueError(f"the stream ended with {last['type']}")
    whole: dict[str, Any] = last["response"]
    return whole


def _parts(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the types of the events of one item, each with what it holds beside numbers."""
    if item["type"] == "function_call":
        for part in parts_of(item["arguments"]):
            yield "response.function_call_arguments.delta", {"delta": part}
        yield "response.function_call_arguments.done", {"arguments": item["arguments"], "name": item["name"]}
        return
    for index, content in enumerate(item["content"]):
        place = {"content_index": index}
        kind, name = ("output_text", "text") if content["type"] == "output_text" else ("refusal", "refusal")
        more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
        yield "response.content_part.added", {**place, "part": {**content, name: ""}}
        for part in parts_of(content[name]):
            yield f"response.{kind}.delta", {**place, "delta": part, **more}
        yield f"response.{kind}.done", {**place, name: content[name], **more}
        yield "response.content_part.done", {**place, "part": content}


def _tools(tools: Any) -> list[Any]:
    """Return the tools as the provider repeats them: a function with every field that its type requires."""
    usual = {"description": None, "parameters": None, "strict": True}
    return [
        {**usual, **tool} if isinstance(tool, dict) and tool.get("type") == "function" else tool
        for tool in (tools if isinstance(tools, list) else [])
    ]


def _usage(counts: Counts, usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": counts.asked,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": counts.answered,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": counts.asked + counts.answered,
    }


def _what_is_wrong(request: Any) -> dict[str, str]:
    wrong = openai_errors.what_is_wrong(request)
    if wrong:
        return wrong
    asked = request.get("input")
    # A stored prompt or an earlier response can stand for the input.
    if isinstance(asked, str) or (asked is None and (request.get("prompt") or request.get("conversation"))):
        return {}
    return openai_errors.what_is_wrong_with_items(asked, name="input")


OPENAI_RESPONSES = Dialect(
    name="openai-responses",
    path="responses",
    operation="responses",
    request_id_header=openai_errors.REQUEST_ID_HEADER,
    what_is_wrong=_what_is_wrong,
    body=_body,
    stream=_stream,
    said_of=_said_of,
    whole_of=_whole_of,
    outputs="output",
    text_at=("output", 0, "content", 0, "text"),
    error_body=openai_errors.error_body,
    fault_words=openai_errors.fault_words,
)
