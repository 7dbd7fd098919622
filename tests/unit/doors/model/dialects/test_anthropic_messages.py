"""Anthropic's Messages are not played, and are refused in Anthropic's words."""

from harness.doors.model.dialects.anthropic_messages import ANTHROPIC_MESSAGES


def test_it_is_not_played() -> None:
    assert not ANTHROPIC_MESSAGES.plays("/v1/messages")
    assert ANTHROPIC_MESSAGES.owns("/v1/messages/count_tokens")


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
