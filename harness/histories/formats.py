"""Reads one history from a file: Temporal's JSON in all its spellings, protobuf's binary form, base64 or gz of them.

JSON is read as ``temporal workflow show -o json`` and ``-o jsonl``, the Web UI's download, the SDKs'
``WorkflowHistory.to_json``, the server's HTTP API and the evidence folder write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History as Events
from temporalio.api.history.v1 import HistoryEvent

from harness.errors import UsageError
from harness.histories.unwrapping import LARGEST, content_of, is_text
from harness.records.evidence import History
from harness.temporal.proto_json import MessageError, add_event
from harness.temporal.task_events import mend_task_events

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAMED = re.compile(rf"(.+)\.{_UUID}")
_SUFFIXES = re.compile(r"(?:\.(?:json|jsonl|gz|b64|base64|txt|pb|bin))+$", re.IGNORECASE)
_EXPECTED = 'expected {"events": [...]} as Temporal exports it'


@dataclass(frozen=True, kw_only=True)
class LoadedHistory:
    """One history as it was read from a file.

    Attributes:
        workflow_id: The workflow id; a guess from the file's name where it is not known.
        workflow_id_known: Whether it is. A replay under another workflow id can look like non-determinism.
        run_id: The run id that the first event has. A reset keeps it; the random seed of a workflow comes from it.
        workflow: The workflow type.
        history: The events, with ids from 1 on without a gap.
    """

    workflow_id: str
    workflow_id_known: bool
    run_id: str
    workflow: str
    history: Events


def load(file: Path, *, shown: str = "", workflow_id: str = "", largest: int = LARGEST) -> LoadedHistory:
    """Read one history.

    The workflow id is, in this order: the one given, the one beside the events (``workflowId``, or that of
    ``workflowExecution``), the one in the first event (newer servers write it there), and that of a file name
    ``<workflow id>.<run id>.json``.

    Args:
        file: The file.
        shown: Its name in messages; by default the path.
        workflow_id: The workflow id, where the caller knows it.
        largest: How many bytes it may have, packed and unpacked.

    Raises:
        TooLargeError: It has more.
        UsageError: It cannot be read, or holds no history; one line says what was expected, and what was found.
    """
    shown = shown or str(file)
    content = content_of(file, shown=shown, largest=largest)
    beside = ""
    try:
        if is_text(content):
            history, beside = _of_json(content)
        else:
            history = _of_binary(content)
    except _NoHistoryError as error:
        raise UsageError(f"{shown} holds no workflow history: {error}") from error.__cause__
    except RecursionError as error:
        raise UsageError(f"{shown} holds no workflow history: it is nested too deeply") from error
    mend_task_events(history.events)
    started = history.events[0].workflow_execution_started_event_attributes
    by_name = _by_name(file, started.original_execution_run_id)
    known = workflow_id or beside or started.workflow_id or by_name
    return LoadedHistory(
        workflow_id=known or unquote(_SUFFIXES.sub("", file.name)),
        workflow_id_known=bool(known),
        run_id=started.original_execution_run_id,
        workflow=started.workflow_type.name,
        history=history,
    )


def as_record(loaded: LoadedHistory) -> History:
    """Return a history as the evidence of a trial has it."""
    started = loaded.history.events[0].workflow_execution_started_event_attributes
    return History(
        workflow_id=loaded.workflow_id,
        run_id=loaded.run_id,
        path=loaded.workflow,
        root=not started.HasField("parent_workflow_execution"),
        events=tuple(MessageToDict(event) for event in loaded.history.events),
    )


class _NoHistoryError(Exception):
    """The content is no history; the message says what was expected, and what was found."""


def _by_name(file: Path, run_id: str) -> str:
    """Return the workflow id of a file name ``<workflow id>.<run id>.json``, or an empty text."""
    stem = _SUFFIXES.sub("", file.name)
    if run_id and stem.endswith(f".{run_id}"):
        return unquote(stem.removesuffix(f".{run_id}"))
    named = _NAMED.fullmatch(stem)
    return unquote(named.group(1)) if named else ""


def _of_json(content: bytes) -> tuple[Events, str]:
    """Return the events of JSON, and the workflow id beside them. One event at a time is held as objects."""
    try:
        raw, beside = _raw_events(content)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise _NoHistoryError(f"{_EXPECTED}, found {_shown_start(content)} ({_lowered(error)})") from error
    if not raw:
        raise _NoHistoryError("its list of events is empty")
    history = Events()
    decoder = msgspec.json.Decoder()
    for number, each in enumerate(raw, start=1):
        try:
            decoded = decoder.decode(each)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise _NoHistoryError(f"its event at place {number} is no JSON: {_lowered(error)}") from error
        if not isinstance(decoded, dict) or not _EVENT_KEYS & decoded.keys():
            raise _NoHistoryError(f"{_EXPECTED}, found {_described(decoded)} among the events, at place {number}")
        try:
            event = add_event(history, decoded)
        except MessageError as error:
            raise _NoHistoryError(f"its event at place {number} is none: {error}") from error
        _check(event, number, str(decoded.get("eventType", decoded.get("event_type", ""))))
    return history, beside


def _raw_events(content: bytes, depth: int = 0) -> tuple[list[msgspec.Raw], str]:
    """Return the events in JSON, however they are wrapped, and the workflow id beside them."""
    if content.lstrip()[:1] == b"[":
        return _of_list(msgspec.json.decode(content, type=list[msgspec.Raw]), depth)
    try:
        top = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        if "trailing" not in str(error):
            raise
        return msgspec.json.Decoder(msgspec.Raw).decode_lines(content), ""
    if _EVENT_KEYS & top.keys() and "events" not in top:  # one line of `-o jsonl`
        return [msgspec.Raw(content)], ""
    beside = _workflow_id(top)
    wrapper = next((name for name in _WRAPPERS if name in top), "") if "events" not in top else ""
    if wrapper and depth < _DEEPEST:
        if depth == 0 and bytes(top.get("nextPageToken", b'""')) not in (b'""', b"null"):
            raise _NoHistoryError("it is one page of a history, and more pages follow it")
        events, inner = _raw_events(bytes(top[wrapper]), depth + 1)
        return events, beside or inner
    if "events" not in top:
        raise _NoHistoryError(f"{_EXPECTED}, found {_described(top)}")
    return msgspec.json.decode(top["events"], type=list[msgspec.Raw]), beside


def _of_list(items: list[msgspec.Raw], depth: int) -> tuple[list[msgspec.Raw], str]:
    """Return the events of a list: it holds them, or the pages in which a server gave them."""
    first = msgspec.json.decode(items[0]) if items else None
    if not isinstance(first, dict) or not (_PAGE_KEYS & first.keys()) or depth >= _DEEPEST:
        return items, ""
    pages = [_raw_events(bytes(each), depth + 1) for each in items]
    return [event for events, _ in pages for event in events], next((beside for _, beside in pages if beside), "")


def _workflow_id(top: dict[str, msgspec.Raw]) -> str:
    for key in ("workflowExecution", "workflow_execution"):
        execution = msgspec.json.decode(top[key]) if key in top else None
        if isinstance(execution, dict):
            top = {**top, **{name: msgspec.Raw(msgspec.json.encode(each)) for name, each in execution.items()}}
    for key in ("workflowId", "workflow_id"):
        value = msgspec.json.decode(top[key]) if key in top else None
        if isinstance(value, str) and value:
            return value
    return ""


def _of_binary(content: bytes) -> Events:
    try:
        history = Events.FromString(content)
    except DecodeError as error:
        raise _NoHistoryError(
            f"expected JSON or the binary form of temporal.api.history.v1.History, found {_shown_start(content)}"
        ) from error
    if not history.events:
        raise _NoHistoryError("it has no events")
    for number, event in enumerate(history.events, start=1):
        _check(event, number, str(event.event_type))
    return history


def _check(event: HistoryEvent, number: int, kind: str) -> None:
    """Make sure that an event is the one that belongs at its place, and of a type that the SDK knows."""
    if event.event_id != number:
        after = f"after event {number - 1}" if number > 1 else "at the beginning"
        raise _NoHistoryError(f"expected event {number} {after}, found event {event.event_id}")
    attributes = event.WhichOneof("attributes")
    if number == 1 and attributes != "workflow_execution_started_event_attributes":
        raise _NoHistoryError(f"expected WorkflowExecutionStarted as its first event, found {kind or 'no type'}")
    if event.worker_may_ignore:
        return
    if event.event_type not in _KNOWN_TYPES:
        raise _NoHistoryError(
            f"event {number} is of type {kind or 'nothing'}, which temporalio {version('temporalio')} does not know; "
            "a newer one may"
        )
    if attributes is None:
        raise _NoHistoryError(f"event {number} ({kind}) has no attributes")
    for name in _EARLIER:
        other = getattr(getattr(event, attributes), name, 0)
        if not 0 <= other < number:
            raise _NoHistoryError(f"event {number} ({kind}) has {name} {other}, and can only name an earlier event")


_EARLIER = (
    "scheduled_event_id",
    "started_event_id",
    "initiated_event_id",
    "accepted_event_id",
    "workflow_task_completed_event_id",
)
"""Fields that name an earlier event of the same history; SDK core waits for ever where one names another."""

_WRAPPERS = ("history", "workflowHistory", "workflow_history", "result", "data", "response")
"""Keys below which the server's HTTP API and tools put a history, or the events of one."""

_PAGE_KEYS = frozenset({"events", *_WRAPPERS})
_DEEPEST = 4
_EVENT_KEYS = frozenset({"eventId", "event_id", "eventType", "event_type"})
_KNOWN_TYPES = frozenset(EventType.values()) - {EventType.EVENT_TYPE_UNSPECIFIED}


def _described(value: Any) -> str:
    if isinstance(value, dict):
        keys = ", ".join(repr(key) for key in list(value)[:5])
        return f"an object that has {keys}{', …' if len(value) > 5 else ''}" if value else "an empty object"
    return f"a {_KINDS.get(type(value), 'value')}"


_KINDS: dict[type, str] = {list: "list", str: "text", int: "number", float: "number", bool: "true or false"}


def _shown_start(content: bytes) -> str:
    start = content.strip()[:40]
    return repr(start.decode(errors="replace")) + ("…" if len(content.strip()) > 40 else "")


def _lowered(error: Exception) -> str:
    text = str(error)
    return text if text.startswith("JSON") else text[:1].lower() + text[1:]
