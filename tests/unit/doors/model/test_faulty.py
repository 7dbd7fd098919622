"""What the door sends when the model refuses, and when its answer is cut off."""

import json
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import pytest

from harness.doors.http.answer import Answer, parsed
from harness.doors.model.faulty import MetCall, answer_to, is_answer, truncated
from harness.faults.action import Action, Kill, ModelError, Reset, Silence, Truncate
from harness.faults.model.actions import BreakAnswer, Drip, Slow

NOW = 1_767_225_600.25


def answer(action: ModelError | Reset | Silence, *, path: str = "/v1/chat/completions", now: float = NOW) -> Answer:
    return answer_to(action, MetCall(operation="chat.completions", path=path, now=now))


def error(status: int, code: str, *, path: str = "/v1/responses") -> dict[str, Any]:
    said = answer(ModelError(status, code, "no"), path=path)
    assert said.status == status
    assert said.headers["content-type"] == "application/json"
    body = json.loads(said.body)
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize(
    ("status", "code", "kind", "sent"),
    [
        (429, "rate_limit_exceeded", "requests", "rate_limit_exceeded"),
        (429, "insufficient_quota", "insufficient_quota", "insufficient_quota"),
        (400, "invalid_request_error", "invalid_request_error", None),
        (400, "context_length_exceeded", "invalid_request_error", "context_length_exceeded"),
        (401, "invalid_api_key", "invalid_request_error", "invalid_api_key"),
        (500, "server_error", "server_error", None),
        (503, "", "server_error", None),
    ],
)
def test_an_error_in_the_words_of_openai(status: int, code: str, kind: str, sent: str | None) -> None:
    assert error(status, code) == {"error": {"message": "no", "type": kind, "param": None, "code": sent}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "invalid_api_key", "authentication_error"),
        (422, "", "invalid_request_error"),
        (429, "rate_limit_exceeded", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (503, "", "api_error"),
        (529, "", "overloaded_error"),
    ],
)
def test_an_error_in_the_words_of_anthropic(status: int, code: str, kind: str) -> None:
    said = error(status, code, path="/v1/messages?beta=true")
    assert said.pop("request_id").startswith("req_")
    assert said == {"type": "error", "error": {"type": kind, "message": "no"}}


def test_the_same_fault_at_the_same_call_is_the_same_answer() -> None:
    action = ModelError(429, "rate_limit_exceeded", "no", retry_after=3)
    assert answer(action) == answer(action, now=NOW + 5)
    assert answer(action).headers["x-request-id"].startswith("req_")


def waits(retry_after: float, sent_as: Literal["seconds", "milliseconds", "date"], *, now: float = NOW) -> Answer:
    return answer(ModelError(429, "rate_limit_exceeded", "no", retry_after=retry_after, sent_as=sent_as), now=now)


def test_retry_after() -> None:
    assert waits(3.0, "seconds").headers["retry-after"] == "3"
    assert waits(2.5, "seconds").headers["retry-after"] == "3"
    assert waits(2.5, "milliseconds").headers["retry-after-ms"] == "2500"
    assert waits(1.1, "milliseconds").headers["retry-after-ms"] == "1100"
    assert waits(0.0001, "milliseconds").headers["retry-after-ms"] == "1"
    assert "retry-after" not in waits(2.5, "milliseconds").headers
    assert waits(0, "date").headers.keys() == {"content-type", "x-request-id"}
    assert waits(3.0, "date").headers["retry-after"] == "Thu, 01 Jan 2026 00:00:04 GMT"


@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.999])
def test_a_date_is_never_less_than_what_was_asked_away(part: float) -> None:
    now = int(NOW) + part
    headers = waits(3.0, "date", now=now).headers
    until = parsedate_to_datetime(headers["retry-after"]).timestamp()
    assert now + 3 <= until < now + 4
    assert parsedate_to_datetime(headers["date"]).timestamp() == int(NOW)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "{}     ", "  [1, 2]\n", '"text"', "1234", "", " ", "1", "{}{}", '{"Ü": "ü"}', "[" * 9000]
)
def test_a_truncated_body_is_no_json(text: str) -> None:
    said = truncated(text)
    assert (said.status, said.headers) == (200, {"content-type": "application/json"})
    assert isinstance(parsed(said.body), str)
    assert text.strip().startswith(said.text)


def test_half_of_a_body_is_sent() -> None:
    text = json.dumps({"choices": ["x" * 1000]})
    assert truncated(text).text == text[: len(text) // 2]


def test_what_is_no_answer_is_refused() -> None:
    assert is_answer(Truncate())
    assert not is_answer(Kill())
    with pytest.raises(TypeError, match=r"Kill\(\) is nothing that a door can answer"):
        answer_to(Kill(), MetCall(operation="chat.completions", path="/v1/chat/completions", now=NOW))


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize(
    "action", [Truncate(), Drip(), Slow(), BreakAnswer("short"), BreakAnswer("reset after headers")]
)
def test_what_comes_otherwise_keeps_the_status_of_the_answer(action: Action, status: int) -> None:
    call = MetCall(operation="o", path="/v1/chat/completions", now=NOW, text='{"error": {}}', status=status)
    assert answer_to(action, call).status == status
