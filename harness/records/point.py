"""A point: one message at a door, named so that the same message has the same name in every run."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, cast

Position = Literal["before", "after"]
"""``before``: the message has not gone on. ``after``: it was executed, its answer has not gone back."""

Door = Literal["wire", "model", "effect"]

NO_COMMANDS = "no-commands"
"""What a workflow task decided that has no commands: the subject of its messages."""

GOODBYE = "ShutdownWorker"
"""The operation by which a worker process tells the server that it ends."""

HEARTBEAT = "RecordActivityTaskHeartbeat"
"""The operation by which a worker process says that an attempt of an activity is still under way."""

WORKFLOW_TASKS = ("PollWorkflowTaskQueue", "RespondWorkflowTaskCompleted", "RespondWorkflowTaskFailed")
"""Operations of workflow tasks. What happens at the same time lands in one workflow task or in two, as it comes."""

CLOSES_ACTIVITY = ("RespondActivityTaskCompleted", "RespondActivityTaskFailed", "RespondActivityTaskCanceled")
"""Operations by which a worker process ends an attempt of an activity, which may be its last."""

_ATTEMPT = re.compile(r"/attempt-(\d+)")
_ONE_OF_SEVERAL = re.compile(r"[/+]|\.\d+$")
_COUNTED = re.compile(r"(?:attempt|nth)-\d+")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One message at a door, by what it says: never by a counter over the whole run.

    Attributes:
        position: On which side of the message's execution.
        door: Where it was met.
        operation: The RPC (``RespondActivityTaskCompleted``), the model's API (``chat.completions``) or the
            effect's name (``note``).
        workflow: Workflow type; that of a second execution is ``Type.2``, a child ``Parent/Child.2``, the second run
            of a continued chain ``Type+1``.
        subject: Activity type, or what a workflow task decided (``ScheduleActivityTask-book.1``).
        execution: Which execution of that activity type in its run, from 1; 0 where it has no meaning.
        attempt: Attempt of the activity or workflow task, from 1; 0 where it has no meaning.
        occurrence: Which such message of that attempt, from 1.
    """

    position: Position
    door: Door
    operation: str
    workflow: str = ""
    subject: str = ""
    execution: int = 0
    attempt: int = 0
    occurrence: int = 1

    @property
    def id(self) -> str:
        """The stable name: readable, without blanks, and in need of no shell quoting."""
        parts = [self.position, self._operation]
        if self.workflow:
            parts.append(self.workflow)
        if self.subject:
            parts.append(f"{self.subject}.{self.execution}" if self.execution else self.subject)
        if self.attempt:
            parts.append(f"attempt-{self.attempt}")
        if self.occurrence > 1:
            parts.append(f"nth-{self.occurrence}")
        return "/".join(_plain(part) for part in parts)

    @property
    def place(self) -> str:
        """The id without its attempt: what makes a point of a recovery new, or one already known."""
        return place_of(self.id)

    @property
    def text(self) -> str:
        """The point as a phrase: ``before RespondActivityTaskCompleted of book 1, attempt 1``."""
        words = f"{self.position} {self._operation}{self._whose}"
        if self.attempt:
            words += f", attempt {self.attempt}"
        return words + (f", occurrence {self.occurrence}" if self.occurrence > 1 else "")

    @property
    def _operation(self) -> str:
        return self.operation if self.door == "wire" else f"{self.door}.{self.operation}"

    @property
    def _whose(self) -> str:
        """Whose message it is: that of an activity's execution, or that of a workflow and what it decided."""
        if self.execution:
            inside = f" in {self.workflow}" if is_one_of_several(self.workflow) else ""
            return f" of {self.subject} {self.execution}{inside}"
        decided = f" ({self.subject})" if self.subject else ""
        return f" of {self.workflow}{decided}" if self.workflow else decided

    def at(self, position: Position) -> Point:
        """Return the point on the given side of the same message."""
        return replace(self, position=position)


def point_of(point_id: str) -> Point:
    """Return the point that an id names, its parts as they are written there.

    An id says less than a point: of a message that belongs to no activity the last of several workflow types is taken
    for one where it looks like an activity's execution (``Parent/Child.2``).
    """
    position, _, rest = point_id.partition("/")
    operation, *words = rest.split("/")
    door, _, named = operation.partition(".")
    counts = {word.partition("-")[0]: word.partition("-")[2] for word in words if _COUNTED.fullmatch(word)}
    workflow, subject, execution = _named(operation, [word for word in words if not _COUNTED.fullmatch(word)])
    return Point(
        position=cast(Position, position),
        door=cast(Door, door if door in ("model", "effect") else "wire"),
        operation=named if door in ("model", "effect") else operation,
        workflow=workflow,
        subject=subject,
        execution=execution,
        attempt=int(counts.get("attempt", 0)),
        occurrence=int(counts.get("nth", 1)),
    )


def is_one_of_several(workflow: str) -> bool:
    """Tell whether a path names one run beside others: a child, a further run of a chain, a further execution."""
    return _ONE_OF_SEVERAL.search(workflow) is not None


def place_of(point_id: str) -> str:
    """Return a point id without its attempt."""
    return _ATTEMPT.sub("", point_id)


def is_of_workflow_task(point_id: str) -> bool:
    """Tell whether a point id names a message of a workflow task."""
    return _operation_in(point_id) in WORKFLOW_TASKS


def decides_nothing(point_id: str) -> bool:
    """Tell whether a point id names a message of a workflow task that has no commands: something came, alone."""
    return is_of_workflow_task(point_id) and f"/{NO_COMMANDS}" in point_id


def is_heartbeat(point_id: str) -> bool:
    """Tell whether a point id names a heartbeat, which may be sent by a clock: quick work ends without it."""
    return _operation_in(point_id) == HEARTBEAT


def is_goodbye(point_id: str) -> bool:
    """Tell whether a point id names what a worker process says when it ends, which may be after all work is done."""
    return _operation_in(point_id) == GOODBYE


def is_heard_cancellation(point_id: str) -> bool:
    """Tell whether a point id names that an attempt has heard of its cancellation: it may be done a moment before."""
    return _operation_in(point_id) == "RespondActivityTaskCanceled"


def is_reported_failure(point_id: str) -> bool:
    """Tell whether a point id names that an attempt reports its failure, which an activity may come to by chance."""
    return _operation_in(point_id) == "RespondActivityTaskFailed"


def _operation_in(point_id: str) -> str:
    """Return the operation that a point id names; empty where it names none."""
    return point_id.partition("/")[2].partition("/")[0]


def matches(point_id: str, pattern: str) -> bool:
    """Tell whether a point id is the one named, with or without attempt, or fits a ``*`` pattern."""
    return (
        point_id == pattern
        or place_of(point_id) == pattern
        or fnmatch.fnmatchcase(point_id, pattern)
        or fnmatch.fnmatchcase(place_of(point_id), pattern)
    )


def comes_to(point_id: str, pattern: str) -> bool:
    """Tell whether a point id fits a pattern, or is a later attempt of one that does.

    What waits for a message waits for the next attempt of it where the first was lost.
    """
    named, met = _ATTEMPT.search(pattern), _ATTEMPT.search(point_id)
    if named and met and int(named[1]) < int(met[1]):
        point_id = _ATTEMPT.sub(named[0], point_id)
    return matches(point_id, pattern)


def meets(point_id: str, planned: str) -> bool:
    """Tell whether a strike planned at one point is to be made at another.

    A workflow task that has timed out is the same task: which attempt of it comes to say something does not matter.
    """
    same_place = is_of_workflow_task(point_id) and place_of(point_id) == place_of(planned)
    return same_place or matches(point_id, planned)


def _named(operation: str, names: Sequence[str]) -> tuple[str, str, int]:
    """Return workflow, subject and execution that an id names."""
    if len(names) < 2:
        return "".join(names), "", 0
    activity, dot, execution = names[-1].rpartition(".")
    if "WorkflowTask" in operation or not (dot and execution.isdigit()):
        return "/".join(names[:-1]), names[-1], 0
    return "/".join(names[:-1]), activity, int(execution)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._:/@+=-]", lambda character: f"%{ord(character[0]):02X}", text)
