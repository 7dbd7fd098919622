"""Answers of a model that are not the ones it gave: another text, JSON in which something is wrong, a broken stream."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from harness.doors.http.answer import Answer, json_answer
from harness.doors.model.dialect import Dialect
from harness.doors.model.model import as_asked
from harness.doors.model.said import Said, ToolCall
from harness.doors.model.streaming import Stream
from harness.faults.model.actions import Instead, Lack, StreamBreak

_NO_TOOL = "look_it_up"
_PROSE = "Here is what I think about that: it depends, and I would rather explain it at length than in a form."
_REFUSED = "I'm sorry, but I can't help with that."
_FOREIGN = {"crashproof": "no argument of this tool"}


def said_instead(what: Instead, *, dialect: Dialect, request: Any, text: str) -> Answer:
    """Return another well-formed answer to a request, as a stream where it asks for one.

    Args:
        what: What is said.
        dialect: The API that was asked, which must be one of conversations.
        request: The body of the request.
        text: The body of the answer that the model gave.
    """
    assert dialect.said_of is not None
    assert dialect.body is not None
    said = _INSTEAD[what](dialect.said_of(json.loads(text)), _tool(request))
    digest = hashlib.blake2s(f"{what} {text}".encode(errors="replace"), digest_size=12).hexdigest()
    return as_asked(dialect.body(request, said, digest=digest), request, dialect, digest=digest)


def with_a_lack(what: Lack, *, dialect: Dialect, text: str) -> Answer:
    """Return an answer in whose JSON something is missing or wrong; the arguments are those of ``said_instead``.

    Where it is the text that is wrong and the answer has none, as one that calls a tool, it is one of text instead.
    """
    whole = json.loads(text)
    if what == "no usage":
        whole.pop("usage", None)
    elif what in ("no output", "wrong types"):
        whole[dialect.outputs] = [] if what == "no output" else "none"
    else:
        whole = _with_text(whole, dialect)
        _set_text(whole, dialect, None if what == "null text" else "\ue000")
    answer = json_answer(whole)
    return replace(answer, body=answer.body.replace(rb"\ue000", b"\xc3\x28\xff mechanism"))


def broken_stream(how: StreamBreak, *, dialect: Dialect, request: Any, text: str) -> Answer:
    """Return a stream that goes wrong; the arguments are those of ``said_instead``."""
    assert dialect.stream is not None
    if how == "arguments never completed":
        text = said_instead("a call of a tool", dialect=dialect, request=request, text=text).text
    if how == "incomplete":
        return said_instead("half, for length", dialect=dialect, request=request, text=text)
    sent = [each.encode() for each in _BROKEN[how](dialect.stream(request, json.loads(text)))]
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    answer = Answer(headers=headers, body=b"".join(sent), events=tuple(sent))
    if how == "reset midway":
        return replace(answer, delivery="reset", partial=True)
    return replace(answer, delivery="silent", partial=True) if how == "a stall" else answer


def _half(stream: Stream) -> list[str]:
    return [*stream.opening, *stream.content[: len(stream.content) // 2]]


def _rest(stream: Stream) -> list[str]:
    return [*stream.content[len(stream.content) // 2 :], *stream.closing, *stream.done]


def _half_a_line(stream: Stream) -> list[str]:
    first = _rest(stream)[0]
    return [*_half(stream), first[: len(first) // 2]]


def _bad_chunk(stream: Stream) -> list[str]:
    first, *rest = _rest(stream)
    return [*_half(stream), f"{first.rstrip()[:-4]}\n\n", *rest]


def _half_arguments(stream: Stream) -> list[str]:
    kept = max(2, len(stream.content) // 2)  # the name of the tool, and the beginning of its arguments
    return [*stream.opening, *stream.content[:kept], *stream.closing, *stream.done]


def _twice(stream: Stream) -> list[str]:
    return [*_half(stream), *_half(stream)[-1:], *_rest(stream)]


def _out_of_order(stream: Stream) -> list[str]:
    half, rest = _half(stream), _rest(stream)
    return [*half[:-1], rest[0], half[-1], *rest[1:]]


_BROKEN: dict[StreamBreak, Callable[[Stream], Sequence[str]]] = {
    "reset midway": _half,
    "no closing": lambda stream: [*stream.opening, *stream.content],
    "done without closing": lambda stream: [*stream.opening, *stream.content, *stream.done],
    "a bad chunk": _bad_chunk,
    "half a line": _half_a_line,
    "an error in band": lambda stream: [*_half(stream), stream.error],
    "a stall": _half,
    "comments only": lambda stream: [": keep-alive\n\n"] * 3,
    "an event twice": _twice,
    "events out of order": _out_of_order,
    "arguments never completed": _half_arguments,
    "failed": lambda stream: [*_half(stream), stream.error],
}


def _with_text(whole: Any, dialect: Dialect) -> Any:
    """Return an answer that says something, or one that does in its place."""
    assert dialect.said_of is not None
    assert dialect.body is not None
    if dialect.said_of(whole).text:
        return whole
    return dialect.body({"model": whole["model"]}, Said(text=_PROSE), digest=hashlib.blake2s(b"text").hexdigest()[:24])


def _set_text(whole: Any, dialect: Dialect, value: str | None) -> None:
    """Set the first text of an answer, if it has one."""
    *way, last = dialect.text_at
    for step in way:
        try:
            whole = whole[step]
        except (KeyError, IndexError):
            return
    if isinstance(whole, dict) and last in whole:
        whole[last] = value


def _tool(request: Any) -> str:
    """Return the name of the first tool that a request offers, in whatever dialect."""
    tools = request.get("tools") if isinstance(request, dict) else None
    first = tools[0] if isinstance(tools, list) and tools and isinstance(tools[0], dict) else {}
    function = first.get("function", first)
    return str(function.get("name") or _NO_TOOL) if isinstance(function, dict) else _NO_TOOL


def _calling(*calls: ToolCall) -> Said:
    """Return what calls tools and says nothing."""
    return Said(tool_calls=calls)


def _call(said: Said, tool: str) -> ToolCall:
    return said.tool_calls[0] if said.tool_calls else ToolCall(name=tool, arguments={})


def _twenty(said: Said, tool: str) -> Said:
    one = _call(said, tool)
    return _calling(*(changed(one, id=f"{one.id or 'call_many'}_{number}") for number in range(20)))


def _repeated(said: Said, tool: str, *, same_id: bool) -> Said:
    one = changed(_call(said, tool), id=_call(said, tool).id or "call_one")
    return _calling(one, one if same_id else changed(one, id=f"{one.id}_again"))


_INSTEAD: dict[Instead, Callable[[Said, str], Said]] = {
    "a refusal": lambda said, tool: Said(refusal=_REFUSED),
    "half, for length": lambda said, tool: Said(text=said.text[: len(said.text) // 2], finish_reason="length"),
    "nothing, filtered": lambda said, tool: Said(finish_reason="content_filter"),
    "prose": lambda said, tool: Said(text=_PROSE),
    "a refusal in words": lambda said, tool: Said(text=_REFUSED),
    "an empty text": lambda said, tool: Said(),
    "a schema missed": lambda said, tool: Said(text=json.dumps(_FOREIGN)),
    "a call of a tool": lambda said, tool: _calling(_call(said, tool)),
    "arguments that are no JSON": lambda said, tool: _calling(
        changed(_call(said, tool), arguments='{"query": "half of')
    ),
    "arguments of another schema": lambda said, tool: _calling(changed(_call(said, tool), arguments=_FOREIGN)),
    "an unknown tool": lambda said, tool: _calling(ToolCall(name="no_such_tool", arguments={})),
    "two calls with one id": lambda said, tool: _repeated(said, tool, same_id=True),
    "a call twice": lambda said, tool: _repeated(said, tool, same_id=False),
    "twenty calls": _twenty,
}
