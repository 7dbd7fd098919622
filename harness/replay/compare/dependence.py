"""Finds the first decision that differs between two replays of one history, and so depends on their conditions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from harness.replay.compare.decisions import ConditionReplay, read_decisions
from harness.temporal.command import Command
from harness.temporal.task_failure import is_blocked


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """The first decision of a history that is another one under a condition than under the reference.

    Attributes:
        condition: Name of the condition.
        workflow_task: Id of the WorkflowTaskStarted event.
        plain: The command without the condition; None for none at this place.
        other: The command under the condition; None for none at this place.
        failures: The failure of the workflow task without and with the condition, where it has one.
        line: Where workflow code failed it, if known.
    """

    condition: str
    workflow_task: int
    plain: Command | None = None
    other: Command | None = None
    failures: tuple[str, str] = ("", "")
    line: str = ""


def dependence(plain: ConditionReplay, other: ConditionReplay) -> Dependence | None:
    """Return the first decision of one history in which two replays differ, or None.

    Both may differ from the recording in the same way: that is a change of code, and no dependence. Workflow tasks that
    only one of them came to are not compared; the other was stopped before, at a decision that is.
    """
    if all(digest == other.decisions.get(task, digest) for task, digest in plain.decisions.items()):
        return None
    if plain.details is None or other.details is None:
        return None
    theirs = {task.started_event_id: task for task in read_decisions(other.details)}
    for task in read_decisions(plain.details):
        same = theirs.get(task.started_event_id)
        if same is None or is_blocked(task.failure) or is_blocked(same.failure):
            continue
        of: dict[str, Any] = {"condition": other.condition, "workflow_task": task.started_event_id}
        for one, two in zip_longest(task.commands, same.commands):
            if one is None or two is None or (one.kind, one.fields) != (two.kind, two.fields):
                return Dependence(**of, plain=one, other=two, failures=(task.failure, same.failure))
        if bool(task.failure) != bool(same.failure):
            return Dependence(**of, failures=(task.failure, same.failure), line=same.line or task.line)
    return None
