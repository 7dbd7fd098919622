"""How a finding shows what was seen: a record for each message of the tape and each event of a history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.records.act_facts import StateChanged
from harness.records.activity_account import event_name
from harness.records.evidence import Evidence
from harness.records.tape import Entry, pids_of, worker_name
from harness.records.verdict import EvidenceEntry, clock
from harness.temporal import event as events

_LONGEST = 200


def entries(evidence: Evidence, entries: Iterable[Entry], *, saying: str = "") -> tuple[EvidenceEntry, ...]:
    """Return what shows each entry: when, which worker process, which attempt, and after which strike.

    Args:
        evidence: The evidence that the entries are from.
        entries: The entries, in the order in which they are shown.
        saying: What to add to each, with ``{operation}`` and ``{status}`` of the entry.
    """
    pids = pids_of(evidence.tape)
    return tuple(_line(entry, pids=pids, strikes=evidence.strikes, saying=saying) for entry in entries)


def event(event: dict[str, Any], *, more: str = "") -> EvidenceEntry:
    """Return what shows an event of a history, or of the account of an activity: when, its name, and what to add."""
    source = event_name(event)
    return EvidenceEntry(clock(events.at(event)), source, (more,) if more else ())


def short(value: Any) -> str:
    """Return a value as text of at most 200 characters."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def times(count: int) -> str:
    """Return ``once`` or ``N times``."""
    return "once" if count == 1 else f"{count} times"


def _line(entry: Entry, *, pids: dict[int, int], strikes: Sequence[Entry], saying: str) -> EvidenceEntry:
    words = []
    if entry.point is not None and entry.point.attempt:
        words.append(f"attempt {entry.point.attempt}")
    changed = entry.facts_as(StateChanged)
    if changed is not None:
        words.append(f"{changed.change}: {short(changed.row)}")
    elif entry.kind == "act" and not saying:
        words.append(f"{entry.operation} {entry.fault}".rstrip())
    if saying:
        words.append(saying.format(operation=entry.operation, status=entry.status).rstrip())
    struck = [strike for strike in strikes if strike.at < entry.at and strike.worker != entry.worker]
    if struck and entry.kind != "act":
        words.append(f"(after the strike at {clock(struck[-1].at)})")
    return EvidenceEntry(clock(entry.at), worker_name(entry.worker, pids), tuple(words))
