"""The file of accepted differences from recorded histories: which are by design, why, and until when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from harness.errors import UsageError, nearest
from harness.records.replay_result import Replay, ReplayedHistory, ReplayFinding
from harness.records.toml_entries import entry_text, read_entries, write_entries
from harness.replay.compare import accepted_paths
from harness.replay.compare.judging import AS_RECORDED, settled

FILE = Path("crashproof-accepted.toml")
"""Where accepted differences are looked for."""

_TABLE = "accepted"
_HEAD = """\
# Differences from recorded histories that are accepted. One without a reason is not in force.
# old and new are JSON; `until` is the last day on which the difference is accepted.
"""


@dataclass(frozen=True, kw_only=True)
class AcceptedDifference:
    """One difference that is accepted, in whatever history it shows.

    Attributes:
        workflow: Workflow type.
        kind: Kind of the command.
        subject: What it is about: activity type, timer, child workflow.
        field: Dotted name of the field.
        old: As recorded, as JSON.
        new: As decided now, as JSON.
        reason: Why it is accepted; empty: it is not yet.
        until: The last day on which it is; None: for good.
        path: Instead of all before: where differences are accepted, whatever they are, in every workflow:
            ``activity.input[0].messages[*].timestamp``.
    """

    workflow: str = ""
    kind: str = ""
    subject: str = ""
    field: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""
    until: date | None = None
    path: str = ""

    def __str__(self) -> str:
        return self.path or f"{self.workflow} {self.kind} {self.subject} {self.field}: {self.old} -> {self.new}"

    @property
    def key(self) -> tuple[str, ...]:
        """What a difference must agree in."""
        return self.workflow, self.kind, self.subject, self.field, self.old, self.new, self.path


def load(file: Path) -> tuple[AcceptedDifference, ...]:
    """Return what a file accepts.

    Raises:
        UsageError: The file is missing, no TOML, or has an entry with a key missing, unknown or of another type.
    """
    return tuple(_entry(entry, where) for entry, where in read_entries(file, table=_TABLE))


def save(file: Path, accepted: Iterable[AcceptedDifference]) -> None:
    """Write what is accepted, sorted, each entry a table; reasons that are missing are there to be filled in.

    Raises:
        UsageError: The file cannot be written.
    """
    ordered = sorted(accepted, key=lambda each: each.key)
    write_entries(file, map(_text, ordered), head=_HEAD)


def apply(
    histories: Sequence[ReplayedHistory], accepted: Sequence[AcceptedDifference], *, today: date
) -> tuple[tuple[ReplayedHistory, ...], tuple[str, ...]]:
    """Return the histories with accepted differences marked as such, and a line for each entry that is stale.

    Args:
        histories: What was judged.
        accepted: What is accepted.
        today: The day of the judgement.
    """
    in_force = {each.key: each for each in accepted if _is_in_force(each, today)}
    seen = {_of(finding).key for history in histories for finding in _differences(history)}
    seen |= {each.key for each in in_force.values() if each.path and _shows(each, histories)}
    judged = {history.workflow for history in histories}
    marked = tuple(settled(replace(each, findings=tuple(_marked(each.findings, in_force)))) for each in histories)
    return marked, tuple(_stale(accepted, seen=seen, judged=judged, today=today))


def without_accepted(replay: Replay, workflow: str, accepted: Sequence[AcceptedDifference], *, today: date) -> Replay:
    """Return what a replay came to without the findings and differences that are accepted.

    Args:
        replay: The replay.
        workflow: Workflow type.
        accepted: What is accepted.
        today: The day of the judgement.
    """
    in_force = {each.key: each for each in accepted if _is_in_force(each, today)}
    if not in_force:
        return replay
    differing = [
        ReplayFinding(check=AS_RECORDED, workflow=workflow, message="", subject=each.subject, difference=each)
        for each in replay.differences
    ]
    return replace(
        replay,
        findings=tuple(each for each in _marked(replay.findings, in_force) if not each.accepted),
        differences=tuple(
            each.difference for each in _marked(differing, in_force) if each.difference and not each.accepted
        ),
    )


def merged(
    accepted: Sequence[AcceptedDifference], histories: Sequence[ReplayedHistory], *, reason: str, until: date | None
) -> tuple[AcceptedDifference, ...]:
    """Return what is accepted together with every difference that is not yet, with a reason and a last day."""
    entries = {each.key: each for each in accepted}
    for history in histories:
        for finding in _differences(history):
            new = replace(_of(finding), reason=reason, until=until)
            known = entries.get(new.key)
            entries[new.key] = new if known is None or (reason and not known.reason) else known
    return tuple(entries.values())


def merged_path(
    accepted: Sequence[AcceptedDifference], path: str, *, reason: str, until: date | None
) -> tuple[AcceptedDifference, ...]:
    """Return what is accepted together with whatever differs at a path.

    Raises:
        UsageError: It is no path.
    """
    new = AcceptedDifference(path=accepted_paths.checked(path), reason=reason, until=until)
    return (*(each for each in accepted if each.key != new.key), new)


def _is_in_force(entry: AcceptedDifference, today: date) -> bool:
    return bool(entry.reason) and (entry.until is None or entry.until >= today)


def _shows(entry: AcceptedDifference, histories: Sequence[ReplayedHistory]) -> bool:
    return any(_touches(entry, finding) for history in histories for finding in history.findings)


def _touches(entry: AcceptedDifference, finding: ReplayFinding) -> bool:
    return bool(finding.difference and accepted_paths.touches(entry.path, finding.difference))


def _by_path(finding: ReplayFinding, entries: Iterable[AcceptedDifference]) -> str:
    """Return why a finding, against the recording or between replays, is accepted by paths that cover it together."""
    touching = [each for each in entries if _touches(each, finding)]
    if finding.difference is None or not accepted_paths.cover((each.path for each in touching), finding.difference):
        return ""
    return "; ".join(dict.fromkeys(each.reason for each in touching))


def _differences(history: ReplayedHistory) -> Iterator[ReplayFinding]:
    return (each for each in history.findings if each.check == AS_RECORDED and each.difference)


def _of(finding: ReplayFinding) -> AcceptedDifference:
    difference = finding.difference
    assert difference is not None
    return AcceptedDifference(
        workflow=finding.workflow,
        kind=difference.kind,
        subject=difference.subject,
        field=difference.field,
        old=_json(difference.old),
        new=_json(difference.new),
    )


def _marked(
    findings: Iterable[ReplayFinding], in_force: dict[tuple[str, ...], AcceptedDifference]
) -> Iterator[ReplayFinding]:
    with_paths = [each for each in in_force.values() if each.path]
    for finding in findings:
        entry = in_force.get(_of(finding).key) if finding.check == AS_RECORDED and finding.difference else None
        reason = entry.reason if entry else _by_path(finding, with_paths)
        yield replace(finding, accepted=reason) if reason else finding


def _stale(accepted: Iterable[AcceptedDifference], *, seen: set[Any], judged: set[str], today: date) -> Iterator[str]:
    for each in accepted:
        if not each.reason:
            yield f"not in force, no reason is given: {each}"
        elif each.until and each.until < today:
            yield f"accepted until {each.until}, which is over: {each}"
        elif each.key not in seen and (each.path or each.workflow in judged):
            yield f"accepted, but no history shows it any more: {each}"


def _entry(entry: dict[str, Any], where: str) -> AcceptedDifference:
    known = {each.name for each in fields(AcceptedDifference)}
    for name in entry:
        if name not in known:
            raise UsageError(f"{where}: {name!r} is no key of an accepted difference{nearest(name, known)}")
    if "path" in entry:
        if beside := sorted(entry.keys() - {"path", "reason", "until"}):
            raise UsageError(f"{where}: {beside[0]!r} does not belong beside path")
        accepted_paths.checked(str(entry["path"]))
    wanted = {"path", "reason"} if "path" in entry else known - {"until", "path"}
    for name in wanted:
        if not isinstance(entry.get(name, "" if name == "reason" else None), str):
            raise UsageError(f"{where}: {name} must be a text")
    if type(entry.get("until")) not in (date, type(None)):  # a time of a day would be no day
        raise UsageError(f"{where}: until must be a date such as 2026-12-31")
    return AcceptedDifference(**entry)


def _text(entry: AcceptedDifference) -> str:
    """Return an entry as it is written: with a path, or with all that a difference must agree in."""
    if entry.path:
        return entry_text(entry, table=_TABLE) + ("" if entry.reason else 'reason = ""\n')
    return entry_text(entry, table=_TABLE, with_empty=True).replace('path = ""\n', "")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr)
