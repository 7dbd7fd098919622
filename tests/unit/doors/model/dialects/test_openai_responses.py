"""A Responses answer is complete, and repeats the settings of its request."""

from pathlib import Path

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from tests.unit.doors.model.asking import RESPONSES, ask, response, script


def test_a_text_becomes_a_complete_response(tmp_path: Path) -> None:
    said = response(ask(RESPONSES, using=script(tmp_path, "def answer(request): return request['input'].upper()")))
    assert said.output_text == "WHAT IS ATTENTION?"
    assert said.status == "completed"
    assert said.usage is not None
    assert said.usage.input_tokens_details.cached_tokens == 0
    assert said.usage.input_tokens_details.cache_write_tokens == 0
    assert said.usage.output_tokens_details.reasoning_tokens == 0
    assert said.usage.total_tokens == said.usage.input_tokens + said.usage.output_tokens


def test_a_response_repeats_the_settings_of_its_request() -> None:
    tool = {"type": "function", "name": "search", "parameters": {"type": "object"}}
    request = RESPONSES | {"tools": [tool], "temperature": 0.2, "metadata": {"a": "b"}, "conversation": "conv_1"}
    said = response(ask(request | {"instructions": "be brief", "text": {"verbosity": "low"}}))
    assert (said.temperature, said.metadata, said.instructions) == (0.2, {"a": "b"}, "be brief")
    assert said.tools[0].type == "function"
    assert said.tools[0].strict is True
    assert said.conversation is not None
    assert said.conversation.id == "conv_1"
    assert said.text is not None
    assert said.text.verbosity == "low"


def test_settings_of_the_wrong_type_do_no_harm() -> None:
    assert ask(RESPONSES | {"tools": 3, "text": "x", "reasoning": [1], "n": "many"}).status == 200


def test_input_items_without_a_role_are_known() -> None:
    output = {"type": "function_call_output", "call_id": "c", "output": "3"}
    assert ask({"model": "m", "input": [output]}).status == 200


@pytest.mark.parametrize(
    ("returned", "last"),
    [
        ({"text": "Let me see.", "tool_calls": [{"name": "look", "arguments": {"at": 3}}]}, "response.completed"),
        ({"text": "Let me", "finish_reason": "length"}, "response.incomplete"),
        ({"refusal": "I will not."}, "response.completed"),
    ],
)
def test_a_stream_says_the_same_as_the_whole(tmp_path: Path, returned: object, last: str) -> None:
    answer = ask(RESPONSES | {"stream": True}, using=script(tmp_path, f"def answer(request): return {returned!r}"))
    whole = response(answer)
    adapter: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
    events = [adapter.validate_json(event.decode().partition("data: ")[2]) for event in answer.events]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == last
    assert events[-1].response == whole
    kinds = ("response.output_text.delta", "response.refusal.delta")
    written = "".join(event.delta for event in events if event.type in kinds)
    assert written == "".join(
        content.text if content.type == "output_text" else content.refusal
        for item in whole.output
        if item.type == "message"
        for content in item.content
    )
    arguments = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
    assert arguments == "".join(item.arguments for item in whole.output if item.type == "function_call")
