"""A stream is server-sent events: each one its data, and a text comes in parts."""

from __future__ import annotations

from harness.doors.model.streaming import Stream, event, named, parts_of


def test_an_event() -> None:
    assert event({"a": 1}) == 'data: {"a":1}\n\n'
    assert event("[DONE]") == "data: [DONE]\n\n"
    assert named({"type": "ping"}) == 'event: ping\ndata: {"type":"ping"}\n\n'


def test_parts() -> None:
    assert parts_of("") == []
    assert parts_of("a") == ["a"]
    assert parts_of("ab") == ["a", "b"]
    text = "A mechanism that weighs what it reads."
    assert "".join(parts_of(text)) == text
    assert len(parts_of(text)) == 3


def test_the_order_of_a_stream() -> None:
    assert Stream(opening=("a",), content=("b", "c"), closing=("d",), done=("e",)).events == tuple("abcde")
