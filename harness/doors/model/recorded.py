"""Scripts made of what a real provider answered: each answer is found by what was asked.

A script that ``crashproof model record`` writes is Python to read and to change::

    from harness.doors.model.recorded import recorded_answer

    ANSWERS = {
        # "What is the capital of France?"
        "0b5e1c…": {"text": "Paris.", "usage": {"input_tokens": 14, "output_tokens": 2}},
    }


    def answer(request):
        return recorded_answer(ANSWERS, request)
"""

from __future__ import annotations

import hashlib
import json
import os
import pprint
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.doors.model.dialect import NO_CONVERSATION
from harness.doors.model.said import Said
from harness.records.withheld import text_without

_SAME_WITHOUT = NO_CONVERSATION | {
    "annotations",
    "caller",
    "encrypted_content",
    "id",  # those of a provider's own items; results of tools name their calls by other fields
    "logprobs",
    "previous_response_id",
    "status",
    "stream",
    "stream_options",
}
"""Fields, however deep, without which a request asks the same: how it is answered, and what names earlier answers."""

_THOUGHTS = ("reasoning", "thinking", "redacted_thinking")
"""Types of what a model has thought: no script says it, so that a conversation goes on without it."""

_SHOWN = 90  # characters of a question that stand beside its answer

_HEAD = '''"""What {host} answered, recorded by `crashproof model record`.

An answer is found by the digest of what was asked, and is given whole or as a stream, as is asked for. Change answers
as you like; what was not asked while this was recorded is an error that is told.
"""

from harness.doors.model.recorded import recorded_answer

ANSWERS = {{
'''

_TAIL = """}


def answer(request):
    return recorded_answer(ANSWERS, request)
"""


def digest_of(request: Mapping[str, Any]) -> str:
    """Return the digest of what a request asks: the same whether it is to be streamed, and for whom."""
    asked = json.dumps(_asked(request), sort_keys=True).encode()
    return hashlib.blake2s(asked, digest_size=12).hexdigest()


def recorded_answer(answers: Mapping[str, Any], request: Mapping[str, Any]) -> Any:
    """Return the answer that was recorded to a request, for a script to return.

    Args:
        answers: The answers by ``digest_of`` what was asked.
        request: The body of the request.

    Raises:
        LookupError: It was not asked while the script was recorded.
    """
    asked = digest_of(request)
    if asked not in answers:
        raise LookupError(f"{_last_asked(request)} was not asked while this was recorded (digest {asked})")
    return answers[asked]


def written(said: Said) -> dict[str, Any]:
    """Return what a model says as a script returns it: without what is usual."""
    return {"text": said.text, **_unusual(said, Said())}


@dataclass
class Recording:
    """The answers that were recorded, in the file that is their script, which is whole at any moment.

    Attributes:
        path: The file.
        host: The host that answered.
        secrets: Texts that are withheld wherever they stand.
        answers: The answers, each with the end of what was asked, by the digest of that.
    """

    path: Path
    host: str
    secrets: set[str] = field(default_factory=set)
    answers: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def keep(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
        """Add an answer as a script returns it, write the file anew, and say what became of it.

        An answer takes the place of an error, and of nothing else: a script answers the same whenever it is asked the
        same.

        Raises:
            OSError: The file cannot be written.
        """
        asked = digest_of(request)
        _, earlier = self.answers.get(asked, ("", None))
        if earlier is not None and ("status" not in earlier or "status" in answer):
            return "was asked before: what was answered first stays"
        self.answers[asked] = _last_asked(request), answer
        self._write()
        return "recorded in place of an error" if earlier is not None else "recorded"

    def _write(self) -> None:
        text = _HEAD.format(host=self.host) + "".join(map(self._entry, self.answers)) + _TAIL
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)  # prompts and answers are whose they are
        partial.write_text(text_without(sorted(self.secrets, key=len, reverse=True), text), encoding="utf-8")
        partial.replace(self.path)

    def _entry(self, asked: str) -> str:
        question, answer = self.answers[asked]
        lines = pprint.pformat(answer, width=112, sort_dicts=False).splitlines()
        shown = "\n".join([lines[0], *(f"    {line}" for line in lines[1:])])
        return f'    # {question}\n    "{asked}": {shown},\n'


def _asked(value: Any) -> Any:
    """Return a request, or a part of it, without what does not change what is asked."""
    if isinstance(value, Mapping):
        kept = {name: _asked(each) for name, each in value.items() if name not in _SAME_WITHOUT}
        return {name: each for name, each in kept.items() if each not in (None, [], "")}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_asked(each) for each in value if not (isinstance(each, Mapping) and each.get("type") in _THOUGHTS)]
    return value


def _last_asked(request: Mapping[str, Any]) -> str:
    """Return the end of what is asked, in one line of ASCII that says nothing to Python."""
    asked = request.get("messages") or request.get("input") or ""
    last = asked[-1] if isinstance(asked, list) else asked
    said = last.get("content") or last.get("output") or last if isinstance(last, Mapping) else last
    text = said if isinstance(said, str) else json.dumps(said)
    return json.dumps(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _unusual(value: Any, usual: Any) -> dict[str, Any]:
    """Return the fields of a record whose values are not the usual ones, records within it likewise."""
    fields: dict[str, Any] = {}
    for name in value.__struct_fields__:
        said = getattr(value, name)
        if said == getattr(usual, name):
            continue
        nested = isinstance(said, msgspec.Struct)
        fields[name] = _unusual(said, type(said)()) if nested else msgspec.json.decode(msgspec.json.encode(said))
    return fields
