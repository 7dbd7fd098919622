"""What a model says, in the words of a provider: complete OpenAI Chat Completions and Responses bodies.

Every field that the provider's current schema requires is there, the counts of usage included: an answer that lacks
one is recorded by some agents and fails their workflow for ever after. Ids, times and counts are functions of the
request, so that the same question has the same answer byte for byte.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import msgspec

CREATED = 1_767_225_600
"""The time at which every answer says it was made, in seconds since the epoch."""


class ToolCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call of a function that the model asks for.

    Attributes:
        name: Name of the function.
        arguments: As an object, or as the exact text that is sent, which need not be JSON.
        id: Id of the call; made from the request where empty.
    """

    name: str
    arguments: dict[str, Any] | str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """The arguments as the provider sends them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts of tokens that differ from those computed.

    Attributes:
        input_tokens: Tokens of the request; -1: as computed.
        output_tokens: Tokens of the answer; -1: as computed.
        cached_tokens: How many of the request's were read from the cache.
        cache_write_tokens: How many of the request's were written to it.
        reasoning_tokens: How many of the answer's were reasoning.
    """

    input_tokens: int = -1
    output_tokens: int = -1
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a script lets the model say.

    Attributes:
        text: Text of the assistant.
        tool_calls: Calls that it asks for.
        finish_reason: Why it stopped; empty: ``tool_calls`` where there are any, else ``stop``.
        usage: Counts that differ from those computed.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: Literal["", "stop", "length", "tool_calls", "content_filter"] = ""
    usage: Usage = Usage()

    @property
    def reason(self) -> str:
        """Why the model stopped."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


class Counts(msgspec.Struct, frozen=True):
    """Tokens of one exchange: four characters make one."""

    asked: int
    answered: int


def chat_completion(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    """Return a Chat Completions answer; ``n`` choices, where asked for, are all the same."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": said.text if said.text or not said.tool_calls else None,
        "refusal": None,
        "annotations": [],
    }
    if said.tool_calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for call_id, call in _calls(said, digest)
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
        "usage": _chat_usage(_counts(request, said), said.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_crashproof",
    }


def response(request: dict[str, Any], said: Said, *, digest: str) -> dict[str, Any]:
    """Return a Responses answer, which repeats the settings of the request as the provider does."""
    incomplete = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(said.reason)
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
        "usage": _response_usage(_counts(request, said), said.usage),
        **{name: request[name] if request.get(name) is not None else usual for name, usual in _REPEATED.items()},
        "background": False,
        "service_tier": "default",
        "conversation": {"id": conversation} if isinstance(conversation, str) else conversation,
        "reasoning": {"effort": None, "summary": None, **_object(request.get("reasoning"))},
        "text": {"format": {"type": "text"}, "verbosity": "medium", **_object(request.get("text"))},
        "tools": _tools(request.get("tools")),
    }


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


def _calls(said: Said, digest: str) -> list[tuple[str, ToolCall]]:
    return [(call.id or f"call_{digest}{index}", call) for index, call in enumerate(said.tool_calls)]


def _output(said: Said, digest: str, *, status: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if said.text or not said.tool_calls:
        content = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        items.append(
            {"id": f"msg_{digest}", "type": "message", "role": "assistant", "status": status, "content": [content]}
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
        for index, (call_id, call) in enumerate(_calls(said, digest))
    ]
    return items


def _tools(tools: Any) -> list[Any]:
    """Return the tools as the provider repeats them: a function with every field that its type requires."""
    usual = {"description": None, "parameters": None, "strict": True}
    return [
        {**usual, **tool} if isinstance(tool, dict) and tool.get("type") == "function" else tool
        for tool in (tools if isinstance(tools, list) else [])
    ]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _counts(request: dict[str, Any], said: Said) -> Counts:
    asked = [request[name] for name in ("messages", "input", "instructions", "tools") if request.get(name)]
    answered = said.text + "".join(call.name + call.text for call in said.tool_calls)
    usage = said.usage
    return Counts(
        asked=usage.input_tokens if usage.input_tokens >= 0 else _tokens(json.dumps(asked)),
        answered=usage.output_tokens if usage.output_tokens >= 0 else _tokens(answered),
    )


def _tokens(text: str) -> int:
    return max(1, math.ceil(len(text) / 4))


def _count(value: Any, *, default: int) -> int:
    return value if type(value) is int and 1 <= value <= 128 else default


def _chat_usage(counts: Counts, usage: Usage) -> dict[str, Any]:
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


def _response_usage(counts: Counts, usage: Usage) -> dict[str, Any]:
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
