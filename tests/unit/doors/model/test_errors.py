"""Errors in the words of a provider."""

import json

import pytest

from harness.doors.model.errors import error_answer, is_anthropic


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/v1/messages", True),
        ("v1/messages?beta=true", True),
        ("/messages/", True),
        ("/v1/messages/batches", True),
        ("messages", True),
        ("chat.completions", False),
        ("/v1/chat/completions", False),
        ("/v1/messages_of_mine", False),
        ("/", False),
        ("", False),
    ],
)
def test_the_provider_is_known_by_what_is_asked(asked: str, told: bool) -> None:
    assert is_anthropic(asked) is told


def test_what_is_said_goes_before_what_the_provider_usually_says() -> None:
    said = {"message": "no", "type": "tokens", "param": "input"}
    answer = error_answer("responses", status=429, said=said, digest="d", headers={"retry-after": "3"}, notice="told")
    assert json.loads(answer.body)["error"] == {**said, "code": "rate_limit_exceeded"}
    assert (answer.status, answer.notice) == (429, "told")
    named = {"content-type": "application/json", "x-request-id": "req_d", "retry-after": "3"}
    assert answer.headers == named


def test_a_text_is_the_message() -> None:
    openai, anthropic = (
        json.loads(error_answer(asked, status=500, said="broken", digest="d").body)
        for asked in ("responses", "v1/messages")
    )
    assert openai == {"error": {"message": "broken", "type": "server_error", "param": None, "code": None}}
    assert anthropic == {"type": "error", "error": {"type": "api_error", "message": "broken"}, "request_id": "req_d"}
