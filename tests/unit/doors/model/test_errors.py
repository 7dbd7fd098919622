"""Errors in the words of a provider."""

import json

from harness.doors.model.dialects.anthropic_messages import ANTHROPIC_MESSAGES
from harness.doors.model.dialects.openai_responses import OPENAI_RESPONSES
from harness.doors.model.errors import error_answer


def test_what_is_said_goes_before_what_the_provider_usually_says() -> None:
    said = {"message": "no", "type": "tokens", "param": "input"}
    answer = error_answer(
        OPENAI_RESPONSES, status=429, said=said, digest="d", headers={"retry-after": "3"}, notice="noticed"
    )
    assert json.loads(answer.body)["error"] == {**said, "code": "rate_limit_exceeded"}
    assert (answer.status, answer.notice) == (429, "noticed")
    named = {"content-type": "application/json", "x-request-id": "req_d", "retry-after": "3"}
    assert answer.headers == named


def test_a_text_is_the_message() -> None:
    openai, anthropic = (
        json.loads(error_answer(dialect, status=500, said="broken", digest="d").body)
        for dialect in (OPENAI_RESPONSES, ANTHROPIC_MESSAGES)
    )
    assert openai == {"error": {"message": "broken", "type": "server_error", "param": None, "code": None}}
    assert anthropic == {"type": "error", "error": {"type": "api_error", "message": "broken"}, "request_id": "req_d"}
