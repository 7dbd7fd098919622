"""Recorded answers: read from whole answers and from streams alike, written as a script, found by what is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.doors.http import script as scripts
from harness.doors.model.catalogue import dialect_of
from harness.doors.model.recorded import Recording, digest_of, recorded_answer, written
from harness.doors.model.said import Said, ToolCall, Usage
from harness.doors.model.streaming import said_in
from tests.unit.doors.model.asking import CHAT, RESPONSES

PATHS: dict[str, dict[str, Any]] = {
    "chat/completions": CHAT | {"stream_options": {"include_usage": True}},
    "responses": RESPONSES,
    "messages": CHAT | {"max_tokens": 9},
}
COUNTED = Usage(input_tokens=7, output_tokens=5, cached_tokens=3, cache_write_tokens=2, reasoning_tokens=1)
SAID = (
    Said(text="Paris.", usage=COUNTED),
    Said(text="Par", finish_reason="length", usage=COUNTED),
    Said(finish_reason="content_filter", usage=COUNTED),
    Said(text="Wait.", tool_calls=(ToolCall(name="look", arguments='{"a": "b"}', id="toolu_1"),) * 2, usage=COUNTED),
)


def plain(said: Said) -> Any:
    """Return what is said with the arguments of tools as what they mean."""
    return said.text, said.reason, said.usage, [(call.id, call.name, json.loads(call.text)) for call in said.tool_calls]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("said", SAID)
def test_what_is_said_is_read_from_an_answer_and_from_its_stream(path: str, said: Said) -> None:
    dialect = dialect_of(path)
    assert dialect.body
    assert dialect.said_of
    assert dialect.stream
    assert dialect.whole_of
    whole = dialect.body(PATHS[path], said, digest="d")
    stream = "".join(dialect.stream(PATHS[path], whole).events)
    for separated in (stream, stream.replace("\n", "\r\n"), f": a comment\n\n{stream}"):
        streamed = dialect.said_of(dialect.whole_of(said_in(separated)))
        if path == "messages":  # whose last event tells no reasoning tokens
            streamed = Said(**{name: getattr(streamed, name) for name in said.__struct_fields__[:-1]}, usage=COUNTED)
        assert plain(dialect.said_of(whole)) == plain(streamed) == plain(said)


@pytest.mark.parametrize("path", PATHS)
def test_half_a_stream_is_no_answer(path: str) -> None:
    dialect = dialect_of(path)
    assert dialect.body
    assert dialect.stream
    assert dialect.whole_of
    stream = dialect.stream(PATHS[path], dialect.body(PATHS[path], SAID[0], digest="d"))
    for part in ((*stream.opening, *stream.content), (*stream.opening, *stream.content, stream.error)):
        with pytest.raises((KeyError, ValueError)):
            dialect.whole_of(said_in("".join(part)))
    with pytest.raises(ValueError, match="no JSON object"):
        said_in("data: 1\n\n")


@pytest.mark.parametrize(
    "same",
    [
        {"stream": True, "stream_options": {"include_usage": True}},
        {"user": "someone", "metadata": {"a": "b"}},
        {"temperature": None, "tools": []},
    ],
)
def test_the_same_question_is_the_same_however_it_is_to_be_answered(same: dict[str, Any]) -> None:
    assert digest_of(CHAT | same) == digest_of(CHAT)


@pytest.mark.parametrize("other", [{"model": "another"}, {"temperature": 0.5}, {"messages": []}])
def test_another_question_is_another(other: dict[str, Any]) -> None:
    assert digest_of(CHAT | other) != digest_of(CHAT)


def test_a_conversation_goes_on_whoever_named_its_items() -> None:
    text: dict[str, Any] = {"type": "output_text", "text": "Paris."}
    theirs = {"id": "msg_1", "type": "message", "status": "completed", "content": [{**text, "annotations": []}]}
    thought = {"id": "rs_1", "type": "reasoning", "encrypted_content": "x", "summary": []}
    ours = {"id": "msg_2", "type": "message", "content": [text]}
    assert digest_of({"model": "m", "input": [thought, theirs]}) == digest_of({"model": "m", "input": [ours]})


def test_a_script_says_what_is_unusual_alone() -> None:
    assert written(Said(text="Paris.")) == {"text": "Paris."}
    call = ToolCall(name="look", arguments="{}", id="c")
    assert written(Said(tool_calls=(call,), usage=Usage(input_tokens=3))) == {
        "text": "",
        "tool_calls": [{"name": "look", "arguments": "{}", "id": "c"}],
        "usage": {"input_tokens": 3},
    }


def test_a_script_answers_what_was_asked_and_says_what_was_not(tmp_path: Path) -> None:
    kept = Recording(tmp_path / "recorded.py", "api.example")
    hostile = 'What?\n"""\nimport os; os.abort() # \N{RIGHT-TO-LEFT OVERRIDE}'
    assert kept.keep({"model": "m", "input": hostile}, {"text": "'''\n\"\"\"" + "word " * 60}) == "recorded"
    kept.keep({"model": "m", "input": [{"type": "function_call_output", "output": "42"}]}, {"text": "two"})
    script = scripts.load(kept.path)
    assert script.answer({"model": "m", "input": hostile}) == {"text": "'''\n\"\"\"" + "word " * 60}
    assert '# "42"' in kept.path.read_text()
    with pytest.raises(scripts.ScriptError, match='"When\\?" was not asked while this was recorded'):
        script.answer({"model": "m", "input": "When?"})
    with pytest.raises(LookupError, match="digest"):
        recorded_answer({}, {"model": "m"})


def test_an_answer_takes_the_place_of_an_error_and_of_nothing_else(tmp_path: Path) -> None:
    kept = Recording(tmp_path / "recorded.py", "api.example")
    assert kept.keep(RESPONSES, {"status": 503, "error": "out"}) == "recorded"
    assert kept.keep(RESPONSES, {"status": 500, "error": "out"}).startswith("was asked before")
    assert kept.keep(RESPONSES | {"stream": True}, {"text": "one"}) == "recorded in place of an error"
    assert kept.keep(RESPONSES, {"text": "two"}).startswith("was asked before")
    assert scripts.load(kept.path).answer(RESPONSES) == {"text": "one"}
