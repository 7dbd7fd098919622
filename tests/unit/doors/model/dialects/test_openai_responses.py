"""A Responses answer is complete, and repeats the settings of its request."""

from pathlib import Path

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
