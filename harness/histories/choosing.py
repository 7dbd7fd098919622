"""Chooses which executions of a cluster to capture, so that a small set of histories covers most of what workflows do.

What a listing tells is enough to say which execution of each type is newest, longest and oldest; these are taken
whatever they hold. Of the others the most promising are looked at first, and one is taken if its history holds
something that no history taken so far for its type holds.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.temporal import marker
from harness.temporal.event import attributes as attributes_of
from harness.temporal.event import kind as kind_of

OPEN = ("RUNNING", "PAUSED")
"""Status of an execution that has not ended, without Temporal's prefix."""

ENDS = ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW")
"""Status of an execution that has ended: the last event of its history has the same name."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One execution as the cluster lists it; nothing of its history was read.

    Attributes:
        workflow_id: Workflow id.
        run_id: Run id.
        workflow_type: Workflow type.
        status: Status without Temporal's prefix: ``COMPLETED``.
        task_queue: Task queue.
        started: Start in seconds since the epoch.
        closed: End in seconds since the epoch, or None of an open one.
        events: Length of its history in events; 0 where the listing does not say, as of open ones.
        size: Size of its history in bytes; 0 where the listing does not say.
        versions: Build ids and patches that the listing tells of.
    """

    workflow_id: str
    run_id: str
    workflow_type: str
    status: str
    task_queue: str = ""
    started: float = 0.0
    closed: float | None = None
    events: int = 0
    size: int = 0
    versions: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in OPEN


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An execution that may be captured, and whether it is taken whatever its history holds.

    Attributes:
        candidate: The candidate.
        why: Why it is taken whatever its history holds; empty if it has to hold something new.
    """

    candidate: Candidate
    why: tuple[str, ...] = ()


_EXTREMES: tuple[tuple[str, Callable[[Candidate], tuple[float, ...]]], ...] = (
    ("newest", lambda one: (one.started,)),
    ("longest", lambda one: (one.events, one.size, one.started)),
    ("oldest", lambda one: (-one.started,)),
)


def in_turn(candidates: Iterable[Candidate]) -> list[Choice]:
    """Return all candidates in the order in which they are worth looking at.

    First the newest of each type, then the longest, then the oldest. Of the others first those whose status, build id
    or patch is new for their type, then those whose number of events is new, then the rest; each time newest first and
    the types in turn.
    """
    newest_first = sorted(candidates, key=lambda one: (-one.started, one.workflow_id, one.run_id))
    types: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in newest_first:
        types[candidate.workflow_type].append(candidate)
    why: dict[str, list[str]] = {}
    for word, extreme in _EXTREMES:
        for same_type in types.values():
            why.setdefault(max(same_type, key=extreme).run_id, []).append(word)
    by_run = {candidate.run_id: candidate for candidate in newest_first}
    first = [Choice(candidate=by_run[run], why=tuple(words)) for run, words in why.items()]
    others = [candidate for candidate in newest_first if candidate.run_id not in why]
    return first + [Choice(candidate=one) for one in _by_promise(others, seen=[one.candidate for one in first])]


def _by_promise(candidates: Sequence[Candidate], *, seen: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates by how likely their histories hold something new."""
    known = {trait for candidate in seen for trait in (*_traits(candidate), _length(candidate))}
    turns: dict[tuple[int, str], int] = defaultdict(int)
    ranked = []
    for candidate in candidates:
        traits, length = _traits(candidate), _length(candidate)
        tier = 0 if not known.issuperset(traits) else 1 if length not in known else 2
        known |= {*traits, length}
        place = tier, candidate.workflow_type
        ranked.append((tier, turns[place], candidate))
        turns[place] += 1
    return [candidate for _, _, candidate in sorted(ranked, key=lambda each: each[:2])]


def _traits(candidate: Candidate) -> tuple[tuple[str, ...], ...]:
    return tuple((candidate.workflow_type, trait) for trait in (candidate.status, *candidate.versions))


def _length(candidate: Candidate) -> tuple[str, ...]:
    return candidate.workflow_type, candidate.status, str(candidate.events)


class Coverage:
    """What the histories taken so far hold, for each workflow type."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = defaultdict(set)

    def new(self, workflow_type: str, features: Iterable[str]) -> tuple[str, ...]:
        """Return those features that no history of this type holds yet, sorted."""
        return tuple(sorted(set(features) - self._seen[workflow_type]))

    def add(self, workflow_type: str, features: Iterable[str]) -> None:
        """Take note of what a history that is taken holds."""
        self._seen[workflow_type].update(features)


_NAMES = ("activityType", "workflowType", "operation", "signalName", "markerName")
_CAUSES = ("scheduledEventId", "initiatedEventId", "acceptedEventId")
_PATCHES = ("patch-data", "change-id", "changeId", "version")


def features(events: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return what a history holds: each kind of event with its activity, child, signal, marker or update, and builds.

    Of an open execution also after what it waits: changed code meets it there.
    ``ACTIVITY_TASK_FAILED charge``, ``MARKER_RECORDED core_patch {"id":"v2"}``, ``build 1.4``. Times, ids and
    numbers of events are no features.

    Args:
        events: The events as protobuf JSON.
    """
    names: dict[str, str] = {}
    held: set[str] = set()
    kind = last = ""
    for event in events:
        kind, attributes = kind_of(event), attributes_of(event)
        name = _name(attributes) or next(
            (names[attributes[key]] for key in _CAUSES if attributes.get(key) in names), ""
        )
        names[str(event["eventId"])] = name
        last = last if kind.startswith("WORKFLOW_TASK_") else f"{kind} {name}".rstrip()
        held.add(f"{kind} {name}".rstrip())
        held.update(_particulars(kind, name, attributes))
    if kind.removeprefix("WORKFLOW_EXECUTION_") not in ENDS:
        held.add(f"open after {last}")
    return frozenset(held)


def _name(attributes: Mapping[str, Any]) -> str:
    for key in _NAMES:
        value = attributes.get(key)
        if value:
            return str(value.get("name", "") if isinstance(value, dict) else value) + _patch(attributes)
    request = attributes.get("acceptedRequest") or attributes.get("request") or attributes.get("rejectedRequest") or {}
    return str((request.get("input") or {}).get("name", ""))


def _patch(attributes: Mapping[str, Any]) -> str:
    """Return which patch a marker of a version records; empty for anything else."""
    details = attributes.get("details") if attributes.get("markerName") in marker.VERSIONS else None
    if not isinstance(details, dict):
        return ""
    payloads = [payload for key in _PATCHES for payload in (details.get(key) or {}).get("payloads", [])]
    return "".join(f" {base64.b64decode(payload.get('data', '')).decode(errors='replace')}" for payload in payloads)


def _particulars(kind: str, name: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    if kind == "ACTIVITY_TASK_STARTED" and int(attributes.get("attempt", 1)) > 1:
        yield f"retried {name}"
    if kind == "WORKFLOW_TASK_FAILED" and "cause" in attributes:
        yield f"{kind} {attributes['cause']}"
    if kind == "WORKFLOW_TASK_COMPLETED":
        for place in ("workerVersion", "deploymentVersion"):
            build = (attributes.get(place) or {}).get("buildId")
            if build:
                yield f"build {build}"
        sdk = attributes.get("sdkMetadata") or {}
        if sdk.get("sdkName"):
            yield f"{sdk['sdkName']} {sdk.get('sdkVersion', '')}".rstrip()
