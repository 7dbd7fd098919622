"""Cuts: the points of a tape at which a kill can leave different states behind, each state once.

A SIGKILL takes the worker's memory with it. What stays is which of its outbound messages had left: those were executed,
whether or not it heard the answer. So of n outbound messages in a row there are n + 1 states, and one strike before
each message, and one after the last, makes them all. "After m(k)" is the same cut as "before m(k+1)". A poll is sent
long before it is answered, and the answer is the server's doing: a task handed out is the same cut as the first message
that the task leads to.

All that holds only as long as nothing leaves the worker between two messages. Where it was seen to write a file or to
open a connection past the doors in between, "after m(k)" is a state without that, and "before m(k+1)" one with it: they
are two cuts.

A fault that leaves the worker its memory has no such cuts: every message is one of its own, and both of its positions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.faults.fault import Fault
from harness.records.act_facts import PastDoors
from harness.records.plan import Strike
from harness.records.point import HEARTBEAT, Point
from harness.records.tape import Entry, acts, points

_TIMED = re.compile(rf"{HEARTBEAT}/.*/nth-\d+$")


@dataclass(frozen=True)
class Cut:
    """One state that a fault can leave behind.

    Attributes:
        point: Where to strike for it.
        stands_for: Ids of the other points that are the same cut.
        fault: Name of the fault.
    """

    point: Point
    stands_for: tuple[str, ...] = ()
    fault: str = ""

    @property
    def strike(self) -> Strike:
        """The strike that makes it."""
        return Strike(self.fault, self.point.id)


def cuts_of(fault: Fault, tape: Sequence[Entry]) -> list[Cut]:
    """Return where a fault is made on the way that a tape shows, in its order; none where it does not apply."""
    if fault.every == "cut":
        return [replace(cut, fault=fault.name) for cut in cuts(tape)]
    timed = _in_time(fault, tape)
    met = (
        entry
        for entry in timed
        if entry.point and fault.applies_to(entry.point) and fault.meets(entry.http.body, status=entry.status)
    )
    made = [Cut(point, fault=fault.name) for point in points(met)]
    if fault.every in ("message", "once"):
        return made if fault.every == "message" else made[:1]
    first: dict[tuple[str, str, str], Cut] = {}
    for cut in made:
        first.setdefault((cut.point.subject, cut.point.operation, cut.point.position), cut)
    return list(first.values())


def _in_time(fault: Fault, tape: Sequence[Entry]) -> Sequence[Entry]:
    """Return the part of a tape at whose messages a fault can be made, by what the scenario sends on the way."""
    sent = [at for at, entry in enumerate(tape) if entry.kind == "act" and entry.operation in ("signal", "update")]
    if fault.when == "before sends":
        return tape[: sent[-1]] if sent else ()
    if fault.when == "after sends":
        return tape[sent[0] :] if sent else ()
    return tape


def cuts(tape: Sequence[Entry]) -> list[Cut]:
    """Return the cuts that a tape shows, in its order: n + 1 for n outbound messages, none for none.

    Where something left the worker past the doors before a message, there is one more.
    """
    past_doors = {seen.seen_at for entry in acts(tape, "past-doors") if (seen := entry.facts_as(PastDoors))}
    made: list[Cut] = []
    same: dict[Point, None] = {}
    last: Point | None = None
    for entry in tape:
        if entry.point is None or entry.kind not in ("request", "reply"):
            continue
        if entry.kind == "reply":
            same[entry.point] = None
            continue
        if entry.point.id in past_doors and (heard := next(reversed(same), last)):
            made.append(_cut(heard, same))
            same = {}
        made.append(_cut(entry.point, same))
        same, last = {}, entry.point.at("after")
    return [*made, _cut(last, same)] if last else made


def _cut(point: Point, same: Iterable[Point]) -> Cut:
    return Cut(point, tuple(each.id for each in same if each != point))


def steady(candidates: Sequence[Cut], tapes: Sequence[Sequence[Entry]]) -> tuple[list[Cut], list[str]]:
    """Split cuts into those that every undisturbed run reaches, and the places of those that some did not.

    A heartbeat after the first of an attempt is sent by a clock: it is steady only if it is in all of them.
    """
    places = [{entry.point.place for entry in tape if entry.point} for tape in tapes]
    kept, left = [], []
    for cut in candidates:
        if all(cut.point.place in seen for seen in places):
            kept.append(cut)
        else:
            left.append(cut.point.place)
    return kept, left


def is_known(point: Point, known: set[str]) -> bool:
    """Tell whether a message is one that was met before, or one more of its kind: a heartbeat, a call tried again."""
    again = replace(point, occurrence=1).place in known and point.door != "wire"
    return point.place in known or again or is_sent_by_a_clock(point)


def is_sent_by_a_clock(point: Point) -> bool:
    """Tell whether a message is a heartbeat after the first of its attempt: how many there are is a matter of time."""
    return bool(_TIMED.search(point.place))


def new_cuts(faults: Sequence[Fault], tape: Sequence[Entry], known: set[str]) -> list[Cut]:
    """Return the cuts of a recovery whose places are not known yet: at messages that no other run has sent.

    Each of the faults is made where it can be made on the way that the tape shows, as on an undisturbed one: at both
    positions of a message if it is an error, once for each state if it costs the worker its memory. The attempts of one
    message are one place, and are struck once.
    """
    met = set(points(tape))
    made: dict[tuple[str, str], Cut] = {}
    for cut in (cut for fault in faults for cut in cuts_of(fault, tape)):
        if cut.point in met and not is_known(cut.point, known):
            made.setdefault((cut.fault, cut.point.place), cut)
    return list(made.values())
