"""Says in a sentence how a decision differs from the recorded one, or from that of another replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harness.records.replay_result import Difference
from harness.replay.compare.comparison import OUTCOME, WHOLE
from harness.temporal.command import Command

_CAUSES = {"process": "what its process has run before"}
_LONGEST = 160


def shown(value: Any) -> str:
    """Return a value as a sentence holds it, short."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    text = json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 3 :]}"


def changed(difference: Difference) -> str:
    """Return how a decision differs from the recorded one: ``startToCloseTimeout was 30.0, is 60.0``."""
    note = f" ({difference.note})" if difference.note else ""
    old, new = difference.old, difference.new
    if difference.field == OUTCOME:
        return f"the workflow task of event {difference.workflow_task} {_outcome(new)}, and {_outcome(old)} before"
    if difference.field == WHOLE:
        if old is None:
            return f"{new} was not recorded"
        return f"{old} was recorded, and does not come" if new is None else f"{old} was recorded, {new} comes"
    return f"{difference.field} was {shown(old)}, is {shown(new)}{note}"


def apart(difference: Difference, when: str) -> str:
    """Return how two replays differ: ``old`` is what the reference decides, ``new`` what comes ``when``."""
    note = f" ({difference.note})" if difference.note else ""
    old, new = difference.old, difference.new
    if difference.field == OUTCOME:
        one, other = (f"fails with {first_line(each)}" if each else "completes" for each in (old, new))
        return f"the workflow task of event {difference.workflow_task} {one}, and {other} {when}"
    if difference.field == WHOLE:
        if old is None:
            return f"{new} comes {when} alone"
        return f"{old} does not come {when}" if new is None else f"{old} comes, and {new} {when}"
    return f"{difference.field} is {shown(old)}, and {shown(new)} {when}{note}"


def _outcome(outcome: Any) -> str:
    return "completed" if outcome is None else first_line(str(outcome))


def about(difference: Difference) -> str:
    """Return what a difference is about: ``ScheduleActivityTask book``."""
    return " ".join(part for part in (difference.kind, difference.subject) if part)


def named(command: Command | None) -> str:
    """Return kind and subject of a command; nothing for none."""
    return " ".join(part for part in (command.kind, subject_of(command)) if part) if command else ""


def subject_of(command: Command | None) -> str:
    """Return the name or id by which a command tells what it is about; nothing where it has none."""
    if command is None:
        return ""
    names = ("activityType", "workflowType", "signalName", "name", "patchId", "timerId", "activityId")
    return next((str(command.fields[name]) for name in names if command.fields.get(name)), "")


def listed_causes(causes: Sequence[str]) -> str:
    """Return the causes of a dependence as they stand in a sentence: ``the hash seed and the time zone``."""
    names = [_CAUSES.get(cause, f"the {cause}") for cause in causes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def first_line(message: str) -> str:
    """Return the first line of a message, short enough for a report."""
    return (message.strip().splitlines() or [""])[0][:300]
