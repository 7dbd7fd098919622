"""An HTTP answer as a value: JSON in and out, and headers that can be sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.doors.http.answer import Answer, json_answer, parsed, plain_headers


def test_json_is_written_with_its_type() -> None:
    answer = json_answer({"ok": True}, status=201, headers={"x-one": "1"})
    assert (answer.status, json.loads(answer.body)) == (201, {"ok": True})
    assert answer.headers == {"content-type": "application/json", "x-one": "1"}
    assert answer.delivery == "complete"


def test_what_json_cannot_write_is_an_error() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TypeError):
        json_answer({"it": object()})
    with pytest.raises(ValueError, match="Circular"):
        json_answer(endless)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (b"[1]", [1]),
        ("no JSON", "no JSON"),
        (b"\xff", "�"),
        (b'{"a": "half \\ud83d"}', {"a": "half \\ud83d"}),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_a_body_is_its_json_or_its_text(text: str | bytes, value: Any) -> None:
    assert parsed(text) == value


def test_a_body_that_is_no_utf_8_can_be_shown() -> None:
    assert Answer(body=b"a\xff").text == "a\ufffd"


def test_headers_are_in_lower_case_and_text() -> None:
    assert plain_headers({"Retry-After": 3}) == {"retry-after": "3"}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"no name": "1"}, "is no name of a header"),
        ({"Content-Length": "1"}, "is set by the server"),
        ({"x": "two\nlines"}, "cannot be sent"),
    ],
)
def test_what_cannot_be_a_header_is_refused(headers: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain_headers(headers)


def test_headers_that_are_no_dict_are_refused() -> None:
    with pytest.raises(TypeError, match="must be a dict, got list"):
        plain_headers(["x"])
