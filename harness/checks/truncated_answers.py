"""Truncated answers: what the model did not say, or not to the end, goes into nothing that lasts."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks import faults_met, lasting_effects, showing
from harness.checks.attempts import Attempt, attempts_of
from harness.checks.check import NothingToLookAt, check
from harness.checks.faults_met import FaultedCall
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityCompleted, HttpReply, NotDelivered
from harness.records.tape import Entry
from harness.records.verdict import EvidenceEntry, Finding
from harness.temporal import event as events
from harness.temporal.payload import texts_in, values_of

_LEAST = 8  # letters that a text must have before it can be recognised
_DATA = re.compile(r"^data: (.*)$", re.MULTILINE)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class _Trace:
    """A text that no whole answer holds.

    Attributes:
        text: The text.
        whole: What it was the beginning of, as the model said it; empty for the text of an error.
        met: The call that it came with.
    """

    text: str
    whole: str
    met: FaultedCall


@check(
    "nothing-truncated-accepted",
    why="The agent goes on with something that the model never said.",
    fix="Check the status and the finish reason before an answer is used, and raise where it is not whole.",
)
def nothing_truncated_accepted(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No error of the model, no refusal, and no half of an answer is taken for an answer: no result or effect holds it.

    A refusal is what the provider says in its field for that. It may be told where no answer stands in the baseline.
    """
    met, refused = faults_met.faulted_calls(evidence), _refused(evidence)
    if not met and not refused:
        raise NothingToLookAt("every answer of the model was whole")
    reported: set[str] = set()
    for attempt in attempts_of(evidence):
        without = _completed_without(attempt, evidence)
        if without and attempt.activity not in reported:
            reported.add(attempt.activity)
            words = f"{attempt.name} completed though its model call {_ended(without)}, and asked no more"
            shown = showing.entries(
                evidence, (without.request, without.instead, *_answers(attempt)), saying="{operation}"
            )
            yield _finding(attempt.activity, words, shown)
    usual = {text for baseline in baselines for _, value in _lasting(baseline) for text in texts_in(value)}
    traces = [trace for each in met for trace in _traces(each)]
    for place, value in _lasting(evidence):
        texts = [text for text in texts_in(value) if text not in usual]
        trace = next((each for each in traces if any(_holds(text, each) for text in texts)), None)
        if trace and place not in reported:
            reported.add(place)
            what = "half of an answer" if trace.whole else "the text of an error"
            words = f"{place} holds {what} of the model: {showing.short(trace.text)}"
            yield _finding(place, words, showing.entries(evidence, (trace.met.request, trace.met.instead)))
    answered = {(place, where) for base in baselines for place, value in _lasting(base) for where, _ in _placed(value)}
    for place, value in _lasting(evidence):
        refusals = [(where, text) for where, text in _placed(value) if text in refused and text not in usual]
        refusal = next((text for where, text in refusals if (place, where) in answered), "")
        if refusal and place not in reported:
            reported.add(place)
            words = f"{place} holds what the model said when it refused: {showing.short(refusal)}"
            yield _finding(place, words, showing.entries(evidence, (refused[refusal],)))


def _refused(evidence: Evidence) -> dict[str, Entry]:
    """Return each refusal of the model, in the field that the provider has for it, with what brought it."""
    answers = [entry for entry in evidence.tape if entry.kind in ("reply", "dropped") and entry.door == "model"]
    return {
        text: entry
        for entry in answers
        for answer in _heard(entry)
        for text in _refusals(answer)
        if len(text) >= _LEAST
    }


def _heard(entry: Entry) -> Iterator[Any]:
    """Yield the JSON that the worker heard: one document, or the events of a stream."""
    if (reply := entry.facts_as(HttpReply)) is not None:
        yield reply.answer
    elif (lost := entry.facts_as(NotDelivered)) is not None:
        for text in (lost.heard, *_DATA.findall(lost.heard)):
            with contextlib.suppress(ValueError):
                yield json.loads(text)


def _refusals(value: Any) -> Iterator[str]:
    """Yield what stands in a field ``refusal``, wherever it is (OpenAI's Chat Completions and Responses)."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _refusals(inner)
    if isinstance(value, dict) and isinstance(value.get("refusal"), str):
        yield value["refusal"]


def _placed(value: Any, *where: str | int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each text of a value with the names and indexes that lead to it."""
    if isinstance(value, str):
        yield where, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from _placed(each, *where, name)


def _completed_without(attempt: Attempt, evidence: Evidence) -> FaultedCall | None:
    """Return the call without an answer after which an attempt completed all the same."""
    met = faults_met.faulted_calls_of(attempt)
    if not attempt.completed or not met or (evidence.falls_back and met[-1].fault.terminal):
        return None
    later = [call for call in attempt.calls("model") if call.at > met[-1].instead.at]
    return None if any(attempt.answered(call) for call in later) else met[-1]


def _ended(met: FaultedCall) -> str:
    if met.whole is not None:
        return "was answered by half"
    return f"was answered with {met.status}" if met.status else "was not answered"


def _answers(attempt: Attempt) -> list[Entry]:
    return [attempt.answer] if attempt.answer else []


def _lasting(evidence: Evidence) -> Iterator[tuple[str, Any]]:
    """Yield the results of activities and workflow, and the bodies of effects, each with its name."""
    for attempt in attempts_of(evidence):
        completed = attempt.answer.facts_as(ActivityCompleted) if attempt.completed and attempt.answer else None
        if completed:
            yield f"the result of {attempt.activity}", completed.result
    for effect in lasting_effects.effects_of(evidence):
        yield f"effect {effect.name}", effect.body
    for history in evidence.histories:
        for event in history.of_type("WORKFLOW_EXECUTION_COMPLETED"):
            yield f"the result of {history.path}", values_of(events.attributes(event).get("result"))


def _traces(met: FaultedCall) -> Iterator[_Trace]:
    message = str(met.error.get("message") or "")
    if len(message) >= _LEAST:
        yield _Trace(message, "", met)
    lost, reply = met.instead.facts_as(NotDelivered), met.whole.facts_as(HttpReply) if met.whole else None
    if lost is None or reply is None or len(lost.heard) < _LEAST:
        return
    yield _Trace(lost.heard, json.dumps(reply.answer), met)
    half = _last_words(lost.heard)
    whole = next((text for text in texts_in(reply.answer) if text.startswith(half)), "")
    if len(half) >= _LEAST and whole:
        yield _Trace(half, whole, met)


def _last_words(heard: str) -> str:
    """Return the text that was being told when the answer was cut off, or an empty one."""
    rest = _TEXT.sub("", heard)
    _, quote, half = rest.rpartition('"')
    try:
        return str(json.loads(f'"{half}"')) if quote else ""
    except ValueError:
        return half


def _holds(text: str, trace: _Trace) -> bool:
    return trace.text in text and not (trace.whole and trace.whole in text)


def _finding(subject: str, words: str, shown: tuple[EvidenceEntry, ...]) -> Finding:
    return Finding(check="nothing-truncated-accepted", subject=subject, message=words, evidence=shown)
