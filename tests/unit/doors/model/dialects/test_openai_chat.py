"""A Chat Completions answer is complete."""

import json
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletionChunk

from tests.unit.doors.model.asking import CHAT, ask, chat, script


def test_a_text_becomes_a_complete_chat_completion(tmp_path: Path) -> None:
    said = chat(ask(CHAT, using=script(tmp_path, "def answer(request): return 'A mechanism. [DONE]'")))
    assert said.choices[0].message.content == "A mechanism. [DONE]"
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens
    assert said.usage.prompt_tokens_details is not None
    assert said.usage.prompt_tokens_details.cached_tokens == 0
    assert said.usage.completion_tokens_details is not None
    assert said.usage.completion_tokens_details.reasoning_tokens == 0


CALLS = "def answer(request): return {'text': 'Let me see.', 'tool_calls': [{'name': 'look', 'arguments': {'at': 3}}]}"


@pytest.mark.parametrize("wants_usage", [True, False])
def test_a_stream_says_the_same_as_the_whole(tmp_path: Path, wants_usage: bool) -> None:
    options = {"stream": True, "stream_options": {"include_usage": wants_usage}}
    answer = ask(CHAT | options, using=script(tmp_path, CALLS))
    whole = chat(answer)
    *sent, done = (event.decode() for event in answer.events)
    assert done == "data: [DONE]\n\n"
    chunks = [ChatCompletionChunk.model_validate_json(event.removeprefix("data: "), strict=True) for event in sent]
    assert {chunk.id for chunk in chunks} == {whole.id}
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == "Let me see."
    calls = [call for delta in deltas for call in delta.tool_calls or ()]
    assert [call.function.name for call in calls if call.function and call.function.name] == ["look"]
    written = "".join(call.function.arguments or "" for call in calls if call.function)
    assert json.loads(written) == {"at": 3}
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    assert [reason for reason in reasons if reason] == ["tool_calls"]
    assert chunks[-1].usage == (whole.usage if wants_usage else None)


def test_a_refusal_has_a_place_of_its_own(tmp_path: Path) -> None:
    answer = ask(CHAT, using=script(tmp_path, "def answer(request): return {'refusal': 'I will not.'}"))
    message = chat(answer).choices[0].message
    assert (message.content, message.refusal) == (None, "I will not.")
