"""The timeline of a trial: lanes for the server, each worker process, each activity attempt, model calls and effects.

Time runs from left to right. A pause in which nothing happened is drawn shorter than it was, and says how long it was.
Positions are in units of the drawing, of which the time axis has ``WIDTH``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from harness.records.act_facts import WorkerExited, WorkerStarted
from harness.records.activity_account import event_name, recorded
from harness.records.evidence import Evidence
from harness.records.tape import Entry, pids_of, worker_name
from harness.records.verdict import EvidenceEntry, clock
from harness.report.document import indented

WIDTH = 1000.0

WEB_UI_PORT = 8233
"""Where ``crashproof server start --run`` starts Temporal's Web UI as long as the port is free: the CLI's own."""

_MOST_ROWS = 400
_MOST_LANES = 60
_LONGEST = 2000
_UNTOLD = ("lag", "worker-ready", "past-doors", "state", "notice")
_SHORTEST_PAUSE = 1 / 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that happened: a message at a door, an act of crashproof, an event of a history.

    Attributes:
        id: Its anchor, the same in no other timeline of the page.
        at: Time of day in UTC.
        seconds: Seconds since the first.
        x: Where it is on the time axis.
        lane: Name of the lane it is drawn in.
        kind: ``request``, ``reply``, ``dropped``, ``act``, ``strike`` or ``event``.
        title: What it was.
        details: All that is recorded of it, as JSON.
        shows: Whether the finding names it.
    """

    id: str
    at: str
    seconds: float
    x: float
    lane: str
    kind: str
    title: str
    details: str
    shows: bool = False


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Something that took its time: from where to where, and what it was."""

    start: float
    end: float
    kind: str
    title: str

    @property
    def width(self) -> float:
        """How wide it is drawn; never so narrow that it is not seen."""
        return max(self.end - self.start, 2.0)


@dataclass(kw_only=True)
class Lane:
    """One line of the drawing.

    Attributes:
        name: What is drawn in it.
        bars: What took its time.
        rows: What happened at one moment.
    """

    name: str
    bars: list[Bar] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def pairs(self) -> list[tuple[Row, Row]]:
        """What the finding names more than once in this lane, each with the next: an effect that happened twice."""
        return list(pairwise(row for row in self.rows if row.shows and row.kind == "reply"))


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """What is drawn of one trial.

    Attributes:
        trial: Id of the trial.
        seconds: How long it took.
        lanes: From top to bottom.
        rows: Everything that happened, in order of time.
        pauses: Where a pause was drawn shorter, and how many seconds it was.
        left_out: How many rows there were beyond those that are shown.
        histories: The runs of workflows, in words, and where Temporal's Web UI shows each while it has the database.
    """

    trial: str
    seconds: float
    lanes: list[Lane]
    rows: list[Row]
    pauses: list[tuple[float, float]]
    left_out: int = 0
    histories: tuple[tuple[str, str], ...] = ()

    @property
    def strikes(self) -> list[Row]:
        """The strikes, in order."""
        return [row for row in self.rows if row.kind == "strike"]


@dataclass(frozen=True, kw_only=True)
class _Happening:
    """One thing that happened, before it has a place on the time axis."""

    at: float
    lane: str
    kind: str
    title: str
    details: Any
    process: str = ""


def timeline_of(evidence: Evidence, *, anchor: str, shown_by: Iterable[EvidenceEntry] = ()) -> Timeline | None:
    """Return the timeline of a trial; None where its tape is empty.

    Args:
        evidence: What the trial left.
        anchor: What the anchors of its rows begin with, on a page that may draw a trial more than once.
        shown_by: The entries that show a finding; they stand out.
    """
    seen = sorted([*_messages(evidence), *_events(evidence)], key=lambda each: each.at)
    if not seen:
        return None
    left_out = max(0, len(seen) - _MOST_ROWS)
    seen = seen[:_MOST_ROWS]
    axis = _Axis([each.at for each in seen])
    named = _named(seen, shown_by)
    rows = [
        Row(
            id=f"{anchor}-{number}",
            at=clock(each.at),
            seconds=each.at - seen[0].at,
            x=axis.place(each.at),
            lane=each.lane,
            kind=each.kind,
            title=each.title,
            details=_json(each.details),
            shows=number in named,
        )
        for number, each in enumerate(seen)
    ]
    return Timeline(
        trial=evidence.trial,
        seconds=seen[-1].at - seen[0].at,
        lanes=_lanes(evidence, rows, axis),
        rows=rows,
        pauses=axis.pauses,
        left_out=left_out,
        histories=tuple(_in_web_ui(evidence)),
    )


def _in_web_ui(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the runs of workflows, and their addresses; none where the namespace is not known."""
    for history in recorded(evidence) if evidence.namespace else ():
        parts = ("namespaces", evidence.namespace, "workflows", history.workflow_id, history.run_id, "history")
        path = "/".join(quote(part, safe="") for part in parts)
        yield f"{history.path}, run {history.run_id}", f"http://127.0.0.1:{WEB_UI_PORT}/{path}"


def _named(seen: Sequence[_Happening], shown_by: Iterable[EvidenceEntry]) -> set[int]:
    """Return which rows the entries of a finding name: by time and process, and of several calls at a door first."""
    named: set[int] = set()
    for entry in shown_by:
        same = [
            number for number, each in enumerate(seen) if (clock(each.at), each.process) == (entry.at, entry.source)
        ]
        calls = [number for number in same if seen[number].lane.startswith(("model ", "effect "))]
        named.update(calls or same)
    return named


class _Axis:
    """Where a time is on the time axis: pauses that are longer than a twentieth of all are as long as that."""

    def __init__(self, times: Sequence[float]) -> None:
        longest = (times[-1] - times[0]) * _SHORTEST_PAUSE or 1.0
        self._times = list(times)
        self._at = [0.0]
        for earlier, later in pairwise(times):
            self._at.append(self._at[-1] + min(later - earlier, longest))
        self._scale = WIDTH / (self._at[-1] or 1.0)
        self.pauses = [
            ((self._at[number] + longest / 2) * self._scale, later - earlier)
            for number, (earlier, later) in enumerate(pairwise(times))
            if later - earlier > longest
        ]

    def place(self, at: float) -> float:
        """Return the place of a time: that of the last thing that had happened by then."""
        number = bisect_right(self._times, at) - 1
        return self._at[max(number, 0)] * self._scale


def _messages(evidence: Evidence) -> Iterator[_Happening]:
    pids = pids_of(evidence.tape)
    requests = {entry.message: entry for entry in evidence.tape if entry.kind == "request"}
    for entry in evidence.tape:
        asked = requests.get(entry.message)
        point = entry.point or (asked.point if asked else None)
        if entry.operation in _UNTOLD if entry.kind == "act" else point is None:
            continue
        name = point.text.partition(" ")[2] if point else entry.operation
        if entry.kind == "act":
            name = f"{entry.operation} {entry.fault}".rstrip()
        title = f"{entry.kind} {name}" if entry.kind not in ("act", "reply") else name
        if entry.kind == "reply":
            title = f"reply {name}: {entry.status}"
        yield _Happening(
            at=entry.at,
            lane=_lane(entry, pids),
            kind="strike" if entry.operation == "strike" else entry.kind,
            title=title,
            details=entry.facts,
            process=worker_name(entry.worker, pids),
        )


def _lane(entry: Entry, pids: dict[int, int]) -> str:
    if entry.door in ("model", "effect"):
        return f"{entry.door} {entry.operation}"
    if entry.worker:
        return _process_lane(entry.worker, pids)
    return "crashproof"


def _process_lane(worker: int, pids: Mapping[int, int]) -> str:
    return f"worker {worker} (pid {pids.get(worker, '?')})"


def _events(evidence: Evidence) -> Iterator[_Happening]:
    """Yield the events of the histories, where the server's clock is ours."""
    if evidence.skips_time:
        return
    for history in evidence.histories:
        named = {event_name(event): event for event in history.events}
        for name, event in named.items():
            yield _Happening(
                at=datetime.fromisoformat(event["eventTime"]).timestamp(),
                lane="server",
                kind="event",
                title=f"{name} of {history.path}",
                details={key: value for key, value in event.items() if key.endswith("Attributes")},
                process=name,
            )


def _lanes(evidence: Evidence, rows: Sequence[Row], axis: _Axis) -> list[Lane]:
    """Return the lanes: the server, what crashproof did, worker processes, attempts, model calls, effects."""
    attempts = list(_attempts(evidence, axis))
    names = dict.fromkeys(row.lane for row in rows)
    order: list[Callable[[str], bool]] = [
        lambda name: name == "server",
        lambda name: name == "crashproof",
        lambda name: name.startswith("worker "),
    ]
    first = [name for belongs in order for name in names if belongs(name)]
    last = [name for door in ("model ", "effect ") for name in sorted(names) if name.startswith(door)]
    lanes = {name: Lane(name=name) for name in first}
    lanes |= {lane.name: lane for lane in attempts}
    lanes |= {name: Lane(name=name) for name in last}
    for row in rows:
        lanes[row.lane].rows.append(row)
    for lane in _lives(evidence, axis):
        if lane.name in lanes:
            lanes[lane.name].bars += lane.bars
    return list(lanes.values())[:_MOST_LANES]


def _lives(evidence: Evidence, axis: _Axis) -> Iterator[Lane]:
    """Yield for each worker process a lane with one bar, its life."""
    pids = pids_of(evidence.tape)
    ends = {entry.worker: entry for entry in evidence.tape if entry.facts_as(WorkerExited) is not None}
    for entry in evidence.tape:
        started = entry.facts_as(WorkerStarted)
        if started is None:
            continue
        end = ends.get(entry.worker, evidence.tape[-1]).at
        exited = ends[entry.worker].facts_as(WorkerExited) if entry.worker in ends else None
        title = f"worker process {started.pid}" + (f", exit status {exited.exit_status}" if exited else "")
        bar = Bar(start=axis.place(entry.at), end=axis.place(end), kind="life", title=title)
        yield Lane(name=_process_lane(entry.worker, pids), bars=[bar])


def _attempts(evidence: Evidence, axis: _Axis) -> Iterator[Lane]:
    """Yield a lane for each activity attempt, from where it was handed out to its end or that of its process."""
    exits = {entry.worker: entry.at for entry in evidence.tape if entry.facts_as(WorkerExited) is not None}
    spans: dict[str, list[Entry]] = {}
    for entry in evidence.tape:
        point = entry.point
        if point is not None and point.execution and point.attempt and entry.activity_id:
            name = f"{point.subject} {point.execution}, attempt {point.attempt}"
            where = f" in {point.workflow}" if "/" in point.workflow or "+" in point.workflow else ""
            spans.setdefault(name + where, []).append(entry)
    for name, entries in spans.items():
        last = entries[-1]
        ended = last.kind == "reply" and last.operation.startswith("Respond")
        end = last.at if ended else min(exits.get(last.worker, last.at), evidence.tape[-1].at)
        bar = Bar(
            start=axis.place(entries[0].at),
            end=axis.place(max(end, last.at)),
            kind="attempt" if ended else "lost",
            title=f"{name}: {f'{last.operation} {last.status}' if ended else 'never reported to the server'}",
        )
        yield Lane(name=name, bars=[bar])


def _json(value: Any) -> str:
    text = indented(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text)} characters)"
