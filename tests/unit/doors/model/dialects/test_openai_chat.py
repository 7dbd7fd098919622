"""A Chat Completions answer is complete."""

from pathlib import Path

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
