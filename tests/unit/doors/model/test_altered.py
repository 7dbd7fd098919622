"""Answers that a model did not give: well formed in every dialect, or wrong in the one way that they say."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from harness.doors.http.answer import Answer
from harness.doors.model.altered import broken_stream, said_instead, with_a_lack
from harness.doors.model.catalogue import dialect_of
from harness.doors.model.dialect import Dialect
from harness.faults.model.actions import Instead, StreamBreak
from tests.unit.doors.model.asking import CHAT, RESPONSES, ask

MESSAGES = CHAT | {"max_tokens": 9}
TEXT = "Answer "  # what the model says where no script does
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": CHAT | {"tools": [{"type": "function", "function": {"name": "look"}}]},
    "/v1/responses": RESPONSES | {"tools": [{"type": "function", "name": "look"}]},
    "/v1/messages": MESSAGES | {"tools": [{"name": "look", "input_schema": {}}]},
}
every_dialect = pytest.mark.parametrize("path", ASKED)


def given(path: str) -> tuple[Dialect, dict[str, Any], str]:
    """Return the dialect, a request for a stream, and the whole answer to it."""
    request = ASKED[path] | {"stream": True}
    return dialect_of(path), request, ask(request, path=path).text


def instead(what: Instead, path: str) -> Any:
    dialect, request, text = given(path)
    answer = said_instead(what, dialect=dialect, request=request, text=text)
    assert len(answer.events) > 1
    assert dialect.said_of is not None
    return dialect.said_of(json.loads(answer.body))


@every_dialect
@pytest.mark.parametrize("what", get_args(Instead))
def test_another_answer_is_never_the_answer(path: str, what: Instead) -> None:
    dialect, request, text = given(path)
    plain = {**request, "stream": False}
    answer = said_instead(what, dialect=dialect, request=plain, text=text)
    assert (answer.status, answer.events) == (200, ())
    assert answer.text != text
    assert json.loads(answer.body).keys() == json.loads(text).keys()


@every_dialect
def test_what_is_said(path: str) -> None:
    assert instead("prose", path).text
    assert instead("an empty text", path).text == ""
    assert instead("half, for length", path).text in json.loads(given(path)[2]).__repr__()
    refused = instead("a refusal", path)
    assert "can't help" in (refused.refusal or refused.text)
    assert json.loads(instead("a schema missed", path).text)


@every_dialect
def test_what_tools_are_called(path: str) -> None:
    called = {what: instead(what, path).tool_calls for what in get_args(Instead)}
    assert {call.name for calls in called.values() for call in calls} == {"look", "no_such_tool"}
    assert [call.name for call in called["an unknown tool"]] == ["no_such_tool"]
    assert len(called["a call of a tool"]) == 1
    first, second = called["two calls with one id"]
    assert first == second
    first, second = called["a call twice"]
    assert (first.name, first.text) == (second.name, second.text)
    assert first.id != second.id
    assert len({call.id for call in called["twenty calls"]}) == 20
    assert called["arguments that are no JSON"][0].arguments == '{"query": "half of'
    assert "crashproof" in called["arguments of another schema"][0].text


@every_dialect
def test_json_in_which_something_is_wrong(path: str) -> None:
    dialect, _, text = given(path)
    whole = json.loads(text)
    assert json.loads(with_a_lack("no output", dialect=dialect, text=text).body) == {**whole, dialect.outputs: []}
    assert json.loads(with_a_lack("wrong types", dialect=dialect, text=text).body) == {**whole, dialect.outputs: "none"}
    counted = json.loads(with_a_lack("no usage", dialect=dialect, text=text).body)
    assert {**counted, "usage": whole["usage"]} == whole
    nothing: Any = json.loads(with_a_lack("null text", dialect=dialect, text=text).body)
    for step in dialect.text_at:
        nothing = nothing[step]
    assert nothing is None
    with pytest.raises(UnicodeDecodeError):
        with_a_lack("mojibake", dialect=dialect, text=text).body.decode()


@every_dialect
def test_an_answer_without_a_text_gets_one_that_is_wrong(path: str) -> None:
    dialect, request, text = given(path)
    called = said_instead("a call of a tool", dialect=dialect, request=request, text=text).text
    nothing: Any = json.loads(with_a_lack("null text", dialect=dialect, text=called).body)
    for step in dialect.text_at:
        nothing = nothing[step]
    assert nothing is None
    with pytest.raises(UnicodeDecodeError):
        with_a_lack("mojibake", dialect=dialect, text=called).body.decode()


def broken(how: StreamBreak, path: str) -> Answer:
    dialect, request, text = given(path)
    return broken_stream(how, dialect=dialect, request=request, text=text)


@every_dialect
@pytest.mark.parametrize("how", get_args(StreamBreak))
def test_no_broken_stream_is_the_whole_one(path: str, how: StreamBreak) -> None:
    whole, sent = ask(given(path)[1], path=path).events, broken(how, path)
    assert sent.events != whole
    assert sent.body == b"".join(sent.events) or how == "incomplete"
    assert sent.headers["content-type"].startswith("text/event-stream")


@every_dialect
def test_how_a_stream_breaks(path: str) -> None:
    whole = ask(given(path)[1], path=path).events
    assert (broken("reset midway", path).delivery, broken("reset midway", path).partial) == ("reset", True)
    assert (broken("a stall", path).delivery, broken("a stall", path).partial) == ("silent", True)
    assert broken("reset midway", path).events == whole[: len(broken("reset midway", path).events)]
    assert sorted(broken("events out of order", path).events) == sorted(whole)
    assert len(broken("an event twice", path).events) == len(whole) + 1
    assert set(broken("an event twice", path).events) == set(whole)
    half = broken("half a line", path)
    assert not half.body.endswith(b"\n")
    assert b"".join(whole).startswith(half.body)
    assert all(event.startswith(b":") for event in broken("comments only", path).events)


@pytest.mark.parametrize(
    ("path", "last", "error"),
    [
        ("/v1/chat/completions", b"[DONE]", b'"type":"server_error"'),
        ("/v1/messages", b"message_stop", b'"overloaded_error"'),
    ],
)
def test_what_says_that_a_stream_is_over_is_not_what_says_why(path: str, last: bytes, error: bytes) -> None:
    unfinished, done = broken("no closing", path), broken("done without closing", path)
    assert last not in unfinished.events[-1]
    assert last in done.events[-1]
    assert done.events[:-1] == unfinished.events
    assert error in broken("an error in band", path).events[-1]


def test_responses_says_that_it_failed_or_is_incomplete() -> None:
    assert b"response.failed" in broken("failed", "/v1/responses").events[-1]
    assert b"response.incomplete" in broken("incomplete", "/v1/responses").events[-1]
