"""Scrubs evidence: what users wrote gives way to stand-ins, in histories as in captured ones, and on the tape.

Of what passed the HTTP doors, names stay as they do in histories: those of JSON keys, of effects, of headers and of
parameters of a path, and of a model what its protocol says (roles, types, reasons to finish, names of tools). What
crashproof wrote itself and may repeat a user's words (why a trial ended, a command line) is withheld.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeActivityExecutionResponse

from harness.histories.scrubbing import StandIns, scrub, scrub_message
from harness.records.activity_account import history_of_activity
from harness.records.evidence import Crash, Evidence, History, Sample
from harness.records.facts import Facts
from harness.records.replay_result import Replay
from harness.records.tape import Entry
from harness.records.withheld import WITHHELD

_T = TypeVar("_T")

USERS = frozenset(
    {
        *("input", "heartbeat_details", "details", "result", "message", "failure"),  # of activities
        *("args", "answer", "row"),  # of what the scenario sends, and of state
        *("body", "heard"),  # of messages at the HTTP doors, beside answers
        *("old", "new", "lost", "skipped"),  # of replays
    }
)
"""Fields of the tape's records, and of replays, that hold what users wrote."""

WITHHELD_FIELDS = frozenset({"command", "text", "note"})
"""Fields of theirs that hold a sentence or a command line in which it may stand."""

_PROTOCOL = frozenset(
    {"type", "role", "object", "status", "code", "model", "name", "finish_reason", "stop_reason", "event"}
)
_KEYS = ("idempotency-key", "x-idempotency-key")
_EVENT_LINE = re.compile(r"(?P<field>(?:data|event|id|retry):\s*)(?P<value>.*)")
_PARAMETER = re.compile(r"(?<==)[^&;]+")


def scrubbed(evidence: Evidence, *, stand_ins: StandIns) -> Evidence:
    """Return the evidence of a trial without what users wrote."""
    return replace(
        evidence,
        end_reason=_withheld(evidence.end_reason),
        tape=tuple(_entry(entry, stand_ins) for entry in evidence.tape),
        histories=_histories(evidence.histories, stand_ins),
        samples=tuple(_sample(sample, stand_ins) for sample in evidence.samples),
        replays=evidence.replays and tuple(_fields(replay, Replay, stand_ins) for replay in evidence.replays),
        crashes=tuple(_crash(crash, stand_ins) for crash in evidence.crashes),
    )


def _histories(histories: Iterable[History], stand_ins: StandIns) -> tuple[History, ...]:
    return tuple(
        replace(history, events=tuple(_event(event, stand_ins) for event in history.events))
        if history.described is None
        else _account(history, history.described, stand_ins)
        for history in histories
    )


def _account(history: History, described: dict[str, Any], stand_ins: StandIns) -> History:
    response = ParseDict(described, DescribeActivityExecutionResponse(), ignore_unknown_fields=True)
    scrub_message(response, stand_ins=stand_ins)
    return history_of_activity(MessageToDict(response), path=history.path, root=history.root)


def _event(kept: dict[str, Any], stand_ins: StandIns) -> dict[str, Any]:
    event = ParseDict(kept, HistoryEvent(), ignore_unknown_fields=True)
    scrub(event, stand_ins=stand_ins)
    return MessageToDict(event)


def _crash(crash: Crash, stand_ins: StandIns) -> Crash:
    return replace(crash, histories=_histories(crash.histories, stand_ins))


def _sample(sample: Sample, stand_ins: StandIns) -> Sample:
    pending = [ParseDict(each, PendingActivityInfo(), ignore_unknown_fields=True) for each in sample.pending]
    for each in pending:
        scrub_message(each, stand_ins=stand_ins)
    return replace(sample, pending=tuple(map(MessageToDict, pending)))


def _entry(entry: Entry, stand_ins: StandIns) -> Entry:
    facts: Facts = _fields(entry.facts, type(entry.facts), stand_ins, names=_PROTOCOL if entry.door == "model" else ())
    return replace(entry, facts=facts)


def _fields(record: _T, kind: type[_T], stand_ins: StandIns, *, names: Iterable[str] = ()) -> _T:
    """Return a record with stand-ins in the fields that hold what users wrote."""

    def changed(name: str, value: Any) -> Any:
        if name == "path" and isinstance(value, str):
            return _PARAMETER.sub(lambda match: stand_ins.text(match[0]), value)
        if name == "headers":
            return {key: stand_ins.text(text) if key in _KEYS else text for key, text in value.items()}
        if name in USERS and not _is_record(name, value):
            return _value(value, stand_ins, names=frozenset(names))
        if name in WITHHELD_FIELDS:
            return _withheld(value)
        return deeper(value)

    def deeper(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: changed(name, each) for name, each in value.items()}
        return [deeper(each) for each in value] if isinstance(value, list | tuple) else value

    return msgspec.convert(deeper(msgspec.to_builtins(record)), kind)


def _is_record(name: str, value: Any) -> bool:
    """Tell whether a field of that name is a record here: the failure of an activity, and not a failure's words."""
    return name == "failure" and isinstance(value, dict)


def _value(value: Any, stand_ins: StandIns, *, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: each if key in names and isinstance(each, str) else _value(each, stand_ins, names=names)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_value(each, stand_ins, names=names) for each in value]
    if isinstance(value, str):
        return _text(value, stand_ins, names=names)
    if isinstance(value, bool) or value is None:
        return value
    return json.loads(stand_ins.number(json.dumps(value)))


def _text(text: str, stand_ins: StandIns, *, names: frozenset[str]) -> str:
    """Return the stand-in of a text; of a model's stream of events that of each event, of JSON in it that of JSON."""
    if not names:
        return stand_ins.text(text)
    if text.lstrip().startswith(("{", "[")):
        try:
            changed = _value(json.loads(text), stand_ins, names=names)
        except ValueError:
            return stand_ins.text(text)
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    if _EVENT_LINE.match(text.lstrip()):
        return "\n".join(_event_line(line, stand_ins, names=names) for line in text.split("\n"))
    return stand_ins.text(text)


def _event_line(line: str, stand_ins: StandIns, *, names: frozenset[str]) -> str:
    match = _EVENT_LINE.fullmatch(line.rstrip("\r"))
    if match is None:
        return stand_ins.text(line)
    value = match["value"]
    stays = value == "[DONE]" or not line.startswith("data")
    return line if stays else match["field"] + _text(value, stand_ins, names=names)


def _withheld(text: str) -> str:
    return WITHHELD if text else ""
