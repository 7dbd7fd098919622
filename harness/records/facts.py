"""Facts: what one entry of the tape says beyond its time, place and point; one record for each kind of message or act.

Their fields are the keys of ``facts`` in ``tape.jsonl``. Which record it is follows from the kind, door and operation
of the entry, so that a line needs no tag. A field that is left out of a line where it says nothing is one with a
default in a record with ``omit_defaults``.
"""

from __future__ import annotations

import msgspec

from harness.records.act_facts import ACTS, ActFacts
from harness.records.message_facts import (
    REPLIES,
    REQUESTS,
    EagerTasks,
    HttpCall,
    HttpFacts,
    HttpReply,
    MadeUpReply,
    NotDelivered,
    WireFacts,
    WorkflowTask,
)


class NoFacts(msgspec.Struct, frozen=True):
    """Nothing beyond the entry itself."""


Facts = NoFacts | WireFacts | HttpFacts | NotDelivered | ActFacts

NO_FACTS = NoFacts()


def read(raw: bytes | msgspec.Raw, *, kind: str, door: str, operation: str, status: str) -> Facts:
    """Read the facts of one line of ``tape.jsonl``; fields that are not known are passed over.

    Args:
        raw: The JSON object.
        kind: Kind of the entry.
        door: Its door.
        operation: Its operation.
        status: Its status: a wire reply that is an error says again what its request said.

    Raises:
        msgspec.ValidationError: A known field is missing or of another type.
    """
    if bytes(raw).strip() in (b"", b"{}"):
        return NO_FACTS
    record = _record(raw, kind=kind, door=door, operation=operation, status=status)
    facts: Facts = msgspec.json.decode(raw, type=record) if record else NO_FACTS
    return facts


def _record(raw: bytes | msgspec.Raw, *, kind: str, door: str, operation: str, status: str) -> type[Facts] | None:
    if kind == "dropped":
        return NotDelivered
    if kind == "act":
        return ACTS.get(operation)
    if door == "wire":
        asked = kind == "request" or status != "OK"
        record = (REQUESTS if asked else REPLIES).get(operation)
        # The task of a query has no started event either; it comes by a poll, and eager tasks by this reply alone.
        eager = record is WorkflowTask and operation == "RespondWorkflowTaskCompleted"
        return EagerTasks if eager and not _has(raw).started_event_id else record
    if kind == "request":
        return HttpCall
    return MadeUpReply if _has(raw).injected else HttpReply


class _Telling(msgspec.Struct):
    """The fields that tell records apart which one kind of message may have."""

    injected: str = ""
    started_event_id: int = 0


def _has(raw: bytes | msgspec.Raw) -> _Telling:
    return msgspec.json.decode(raw, type=_Telling)
