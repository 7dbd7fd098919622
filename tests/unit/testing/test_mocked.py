"""The mocked model: the official clients, on httpx2, and httpx itself meet the same faults without a server."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from harness import faults
from harness.errors import UsageError
from harness.testing.mocked import MockedModel, mocked_model

ASKED: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockedModel]:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://llm.example/openai/v1")
    with mocked_model(folder=tmp_path) as mocked:
        mocked.answers_with(lambda request: request["messages"][-1]["content"].upper())
        yield mocked


def client(**more: Any) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", **{"max_retries": 0, "base_url": "https://api.openai.com/v1", **more})


def ask(asking: openai.OpenAI) -> str:
    return asking.chat.completions.create(model="m", messages=ASKED).choices[0].message.content or ""


async def test_clients_of_both_providers_and_both_kinds_are_answered_and_streamed_to(model: MockedModel) -> None:
    assert ask(client()) == ask(client(base_url=None)) == "HELLO"
    chunks = client().chat.completions.create(model="m", messages=ASKED, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "HELLO"
    claude = anthropic.AsyncAnthropic(api_key="none", max_retries=0)
    async with claude.messages.stream(model="m", max_tokens=9, messages=ASKED) as stream:
        said = await stream.get_final_message()
    assert [getattr(block, "text", "") for block in said.content] == ["HELLO"]
    body = {"model": "m", "messages": ASKED}
    by_httpx = httpx.post("https://api.openai.com/v1/chat/completions", json=body).json()
    assert by_httpx["choices"][0]["message"]["content"] == "HELLO"
    assert [seen.operation for seen in model.requests] == [
        *["chat.completions"] * 2,
        "chat.completions.stream",
        "messages.stream",
        "chat.completions",
    ]
    assert model.requests[0].body == body


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        ("model-429-seconds", openai.RateLimitError, 1),
        ("model-400-context", openai.BadRequestError, 1),
        ("model-502", openai.InternalServerError, 1),
        ("model-closed", openai.APIConnectionError, 1),
        ("model-reset", openai.APIConnectionError, 1),
        ("model-reply-lost", openai.APIConnectionError, 1),
        ("model-refused", openai.APIConnectionError, 0),
        ("model-unknown-name", openai.APIConnectionError, 0),
        ("model-silent", openai.APITimeoutError, 1),
        ("model-reset-after-headers", openai.APIConnectionError, 1),
        ("model-short", openai.APIConnectionError, 1),
        ("model-truncated", json.JSONDecodeError, 1),
        ("model-mojibake", UnicodeDecodeError, 1),
    ],
)
def test_a_fault_is_the_error_that_a_real_connection_brings(
    model: MockedModel, fault: str, error: type[Exception], arrived: int
) -> None:
    model.fails_with(fault)
    with pytest.raises(error):
        ask(client())
    assert len(model.requests) == arrived
    if faults.named(fault).times == 1:
        assert ask(client()) == "HELLO"


@pytest.mark.parametrize(
    ("fault", "error"), [("stream-reset", openai.APIConnectionError), ("stream-stall", openai.APITimeoutError)]
)
def test_a_stream_breaks_midway(model: MockedModel, fault: str, error: type[Exception]) -> None:
    model.fails_with(fault)
    heard = ""
    with pytest.raises(error):  # noqa: PT012 - what came before is looked at
        for chunk in client().chat.completions.create(model="m", messages=ASKED, stream=True):
            heard += chunk.choices[0].delta.content or ""
    assert heard == "HE"


def test_an_answer_that_comes_later_than_the_client_waits_is_its_time_limit(model: MockedModel) -> None:
    model.fails_with("model-drip")
    with pytest.raises(openai.APITimeoutError):
        ask(client(timeout=0.05))


def test_a_client_meets_faults_in_turn_and_a_duplicate_arrives_twice(model: MockedModel) -> None:
    model.fails_with("model-500-once")
    model.fails_with("model-duplicated")
    assert ask(client(max_retries=1)) == "HELLO"
    assert [seen.again for seen in model.requests] == [False, False, True]


def test_what_nobody_mocks_is_refused_and_this_machine_is_not(model: MockedModel) -> None:
    with pytest.raises(AssertionError, match="not mocked"):
        httpx.get("https://elsewhere.example/v1/models")
    with pytest.raises(AssertionError, match="not mocked"):
        ask(client(base_url="https://elsewhere.example/v1"))
    with pytest.raises(httpx.ConnectError, match="refused"):
        httpx.get("http://127.0.0.1:1")
    assert model.requests == ()


@pytest.mark.parametrize("name", ["kill-worker", "model-420"])
def test_what_is_no_fault_of_a_model_is_told(model: MockedModel, name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}'"):
        model.fails_with(name)


@pytest.mark.parametrize(
    ("missing", "message"),
    [("respx", "pip install respx pytest-httpx2"), ("pytest_httpx2", "pip install pytest-httpx2")],
)
def test_what_is_not_installed_is_told(
    missing: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else there(name))
    with pytest.raises(UsageError, match=message), mocked_model(folder=tmp_path):
        pass
