"""What a script lets a model say has ids and counts that follow from the request."""

from __future__ import annotations

from harness.doors.model.said import Said, ToolCall, Usage, calls_of, counts_of


def test_calls_without_an_id_are_numbered_after_the_request() -> None:
    said = Said(tool_calls=(ToolCall("a"), ToolCall("b", id="mine"), ToolCall("c")))
    assert [call_id for call_id, _ in calls_of(said, digest="d")] == ["call_d0", "mine", "call_d2"]


def test_arguments_are_sent_as_text() -> None:
    assert ToolCall("a", {"q": 1}).text == '{"q": 1}'
    assert ToolCall("a", "{").text == "{"


def test_four_characters_make_a_token() -> None:
    counts = counts_of({"messages": "12345678", "user": "nobody"}, Said(text="12345"), asked_in=("messages", "tools"))
    assert (counts.asked, counts.answered) == (3, 2)  # the first with its quotes and brackets
    assert counts_of({}, Said(), asked_in=()).answered == 1


def test_what_the_script_counts_stands() -> None:
    said = Said(text="x", usage=Usage(input_tokens=900, output_tokens=0))
    counts = counts_of({"input": "x"}, said, asked_in=("input",))
    assert (counts.asked, counts.answered) == (900, 0)


def test_why_the_model_stopped() -> None:
    assert Said(text="x").reason == "stop"
    assert Said(tool_calls=(ToolCall("a"),)).reason == "tool_calls"
    assert Said(text="x", finish_reason="length").reason == "length"
