"""Anthropic's Messages are complete, whole and streamed, and what is refused is refused in Anthropic's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from harness.doors.model.dialects.anthropic_messages import ANTHROPIC_MESSAGES
from tests.unit.doors.model.asking import ask, script

ASKED = {"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "What is attention?"}]}
PATH = "/v1/messages"
TOOLS = "def answer(request): return {'text': 'Let me see.', 'tool_calls': [{'name': 'look', 'arguments': {'at': 3}}]}"


def test_a_text_becomes_a_complete_message(tmp_path: Path) -> None:
    answer = ask(ASKED, path=PATH, using=script(tmp_path, "def answer(request): return 'A mechanism.'"))
    said = Message.model_validate_json(answer.text, strict=True)
    assert said.content[0].type == "text"
    assert (said.content[0].text, said.stop_reason, said.role) == ("A mechanism.", "end_turn", "assistant")
    assert said.usage.input_tokens > said.usage.output_tokens > 0
    assert (said.usage.cache_read_input_tokens, said.usage.service_tier) == (0, "standard")
    assert answer.headers["request-id"].startswith("req_")


def test_a_call_of_a_tool_has_its_arguments_as_an_object(tmp_path: Path) -> None:
    said = Message.model_validate_json(ask(ASKED, path=PATH, using=script(tmp_path, TOOLS)).text, strict=True)
    assert [block.type for block in said.content] == ["text", "tool_use"]
    assert said.content[1].type == "tool_use"
    assert (said.content[1].name, said.content[1].input, said.stop_reason) == ("look", {"at": 3}, "tool_use")


@pytest.mark.parametrize(
    ("returned", "reason", "texts"),
    [
        ({"text": "half", "finish_reason": "length"}, "max_tokens", ["half"]),
        ({"text": "", "finish_reason": "content_filter"}, "refusal", []),
        ({"refusal": "I will not."}, "end_turn", ["I will not."]),
    ],
)
def test_why_the_model_stopped(tmp_path: Path, returned: object, reason: str, texts: list[str]) -> None:
    using = script(tmp_path, f"def answer(request): return {returned!r}")
    said = json.loads(ask(ASKED, path=PATH, using=using).text)
    assert (said["stop_reason"], [block["text"] for block in said["content"]]) == (reason, texts)


def test_a_stream_says_the_same_as_the_whole(tmp_path: Path) -> None:
    using = script(tmp_path, TOOLS)
    answer = ask(ASKED | {"stream": True}, path=PATH, using=using)
    whole = json.loads(answer.text)
    sent = [event.decode().removesuffix("\n\n").split("\n") for event in answer.events]
    assert [name for name, _ in sent] == [f"event: {json.loads(data[6:])['type']}" for _, data in sent]
    adapter: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
    events = [adapter.validate_json(data.removeprefix("data: ")) for _, data in sent if "ping" not in data]
    assert events[0].type == "message_start"
    assert (events[0].message.id, events[0].message.content) == (whole["id"], [])
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    assert "".join(delta.text for delta in deltas if delta.type == "text_delta") == "Let me see."
    written = "".join(delta.partial_json for delta in deltas if delta.type == "input_json_delta")
    assert json.loads(written) == {"at": 3}
    assert events[-2].type == "message_delta"
    assert events[-2].delta.stop_reason == "tool_use"
    assert events[-2].usage.output_tokens == whole["usage"]["output_tokens"]
    assert events[-1].type == "message_stop"


def test_tokens_are_counted() -> None:
    counted = ask({name: ASKED[name] for name in ("model", "messages")}, path=f"{PATH}/count_tokens")
    whole = ask(ASKED, path=PATH)
    assert json.loads(counted.text) == {"input_tokens": json.loads(whole.text)["usage"]["input_tokens"]}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"model": ""}, "model: Field required"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": "many"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": ["hello"]}, "messages.0.role: Input should be"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    ],
)
def test_a_bad_request_is_refused(changes: dict[str, object], wanted: str) -> None:
    refused = ask(ASKED | changes, path=PATH)
    error = json.loads(refused.text)
    assert (refused.status, error["error"]["type"]) == (400, "invalid_request_error")
    assert error["error"]["message"].startswith(wanted)
    assert error["request_id"] == refused.headers["request-id"]
    assert ask([], path=PATH).status == 400


def test_an_error_has_a_type_and_a_message_and_no_more() -> None:
    words = {"message": "slow down", "param": "model", "code": "rate_limit_exceeded"}
    assert ANTHROPIC_MESSAGES.error_body(429, words, digest="d") == {
        "type": "error",
        "error": {"type": "rate_limit_error", "message": "slow down"},
        "request_id": "req_d",
    }
    assert ANTHROPIC_MESSAGES.error_body(529, {}, digest="d")["error"] == {
        "type": "overloaded_error",
        "message": "HTTP status 529",
    }
