"""The decisions of one replay of one history: digested to be compared with other replays, and stored in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from harness.records.replay_result import Replay
from harness.replay.compare.normal_form import UNCOMPARED_HEADERS
from harness.replay.compare.payloads import is_sealed
from harness.temporal.command import Command, TaskDecisions
from harness.temporal.task_failure import is_blocked

_SEALED = "encrypted"


@dataclass(frozen=True, kw_only=True)
class StoredDecisions:
    """The place in a file where the decisions of one replay are stored."""

    path: str
    offset: int
    length: int


@dataclass(frozen=True, kw_only=True)
class ConditionReplay:
    """What came of the replay of one history under one condition.

    Attributes:
        index: Which of the histories, from 0.
        condition: Name of the condition.
        replay: What came of it.
        decisions: A digest of what each workflow task was answered with, by the id of its WorkflowTaskStarted event.
            Tasks that were not answered for want of time are left out.
        details: Where the decisions themselves lie; None if they were not kept.
    """

    index: int
    condition: str
    replay: Replay
    decisions: Mapping[int, str] = field(default_factory=dict)
    details: StoredDecisions | None = None


class DecisionsFile:
    """A file to which decisions are written, so that thousands of histories need no memory.

    Args:
        path: The file, to whose end they go.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")  # forks of one process write to the same file, one after the other
        self._offset = self._file.tell()

    def keep(self, decided: Sequence[TaskDecisions]) -> StoredDecisions:
        """Write what a replay decided, and return where it lies."""
        content = msgspec.json.encode([_steady(each) for each in decided])
        self._file.write(content)
        self._file.flush()
        self._offset += len(content)
        return StoredDecisions(path=str(self._path), offset=self._offset - len(content), length=len(content))


def read_decisions(details: StoredDecisions) -> tuple[TaskDecisions, ...]:
    """Return the decisions that are stored at a place in a file."""
    with Path(details.path).open("rb") as file:
        file.seek(details.offset)
        return msgspec.json.decode(file.read(details.length), type=tuple[TaskDecisions, ...])


def decision_digests(decided: Sequence[TaskDecisions]) -> dict[int, str]:
    """Return a digest of what each workflow task was answered with: equal ones were answered alike."""
    return {each.started_event_id: _digest(_steady(each)) for each in decided if not is_blocked(each.failure)}


def _steady(decided: TaskDecisions) -> TaskDecisions:
    """Leave out what differs each time by design: ids of tracing, and the bytes of what an encrypting codec wrote."""
    return replace(decided, commands=tuple(replace(each, fields=_steady_fields(each)) for each in decided.commands))


def _steady_fields(command: Command) -> dict[str, Any]:
    return {
        name: _SEALED if is_sealed(value) else value
        for name, value in command.fields.items()
        if name not in UNCOMPARED_HEADERS
    }


def _digest(decided: TaskDecisions) -> str:
    content = [[each.kind, each.fields] for each in decided.commands], bool(decided.failure)
    return hashlib.blake2s(msgspec.json.encode(content, order="deterministic"), digest_size=8).hexdigest()
