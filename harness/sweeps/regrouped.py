"""Workflow tasks whose commands came in others: what happens at the same time lands in one task or in two, by chance.

So a point of a workflow task that one trial showed may not come in the next, where all that it decided is decided all
the same: two updates that were answered in one task are answered in two. Nothing of such a point was left untried but
its grouping. It differs from a command that did not come at all, which the sweep has not struck.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTaskCompleted
from harness.records.point import Point

_MORE = re.compile(r"\d+-more-[0-9a-f]+")


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """What a workflow task decided: the first commands by name, the others by their types alone."""

    workflow: str
    named: frozenset[str]
    unnamed: frozenset[str]

    @classmethod
    def of(cls, point: Point, commands: list[str]) -> _Decided:
        named = [word for word in point.subject.split("+") if not _MORE.fullmatch(word)]
        return cls(workflow=point.workflow, named=frozenset(named), unnamed=frozenset(commands[len(named) :]))


class DecidedPoints:
    """What workflow tasks decided in the trials so far, by the point at which they said so."""

    def __init__(self) -> None:
        self._decided: dict[str, _Decided] = {}

    def learn(self, evidence: Evidence) -> None:
        """Take in what a trial showed."""
        self._decided.update(_decided_in(evidence))

    def came_in_others(self, point_id: str, evidence: Evidence) -> bool:
        """Tell whether all commands of a point that did not come came in other workflow tasks of that trial.

        Args:
            point_id: The point; one before or after the completion of a workflow task, else the answer is no.
            evidence: The trial in which it did not come.
        """
        missed = self._decided.get(_without_position(point_id))
        if missed is None:
            return False
        seen = [each for _, each in _decided_in(evidence) if each.workflow == missed.workflow]
        named = frozenset[str]().union(*(each.named for each in seen))
        unnamed = frozenset[str]().union(*(each.unnamed for each in seen))
        types = unnamed | {_type_of(word) for word in named}
        return missed.unnamed <= types and all(word in named or _type_of(word) in unnamed for word in missed.named)


def _decided_in(evidence: Evidence) -> Iterator[tuple[str, _Decided]]:
    for entry in evidence.tape:
        completed = entry.facts_as(WorkflowTaskCompleted)
        if completed and entry.point:
            yield _without_position(entry.point.id), _Decided.of(entry.point, completed.commands)


def _without_position(point_id: str) -> str:
    return point_id.partition("/")[2]


def _type_of(word: str) -> str:
    return word.partition("-")[0]
