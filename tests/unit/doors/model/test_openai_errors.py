"""What OpenAI refuses, and the type and code of its errors."""

from __future__ import annotations

import pytest

from harness.doors.model.openai_errors import error_body, fault_words, what_is_wrong, what_is_wrong_with_items
from harness.faults.action import ModelError


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (401, "invalid_request_error", "invalid_api_key"),
        (404, "invalid_request_error", "unknown_url"),
        (429, "requests", "rate_limit_exceeded"),
        (500, "server_error", None),
    ],
)
def test_a_status_has_its_type_and_code(status: int, kind: str, code: str | None) -> None:
    error = {"message": f"HTTP status {status}", "type": kind, "param": None, "code": code}
    assert error_body(status, {}, digest="d") == {"error": error}


def test_a_type_of_openai_is_no_code() -> None:
    assert fault_words(ModelError(500, "server_error", "no")) == {"message": "no", "type": "server_error", "code": None}
    assert fault_words(ModelError(503, "", "no")) == {"message": "no", "code": None}


def test_a_request_that_is_whole_is_not_refused() -> None:
    assert what_is_wrong({"model": "m"}) == {}
    assert what_is_wrong_with_items([{"role": "user"}], name="messages", required="role") == {}
    assert what_is_wrong_with_items([{"type": "message"}], name="input") == {}


def test_what_is_missing_is_named() -> None:
    assert what_is_wrong({"model": ""})["param"] == "model"
    assert what_is_wrong({"model": "m", "stream": "yes"})["param"] == "stream"
    wrong = what_is_wrong_with_items([{"role": "user"}, {}], name="messages", required="role")
    assert (wrong["param"], wrong["code"]) == ("messages[1].role", "missing_required_parameter")
