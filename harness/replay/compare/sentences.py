"""Says in a sentence how a decision differs from the recorded one, or from that of another replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harness.records.replay_result import Difference
from harness.replay.compare import places
from harness.replay.compare.comparison import OUTCOME, WHOLE
from harness.temporal.command import Command

_CAUSES = {"process": "what its process has run before"}
_MOST_PLACES = 9
_LONGEST = 160


def shown(value: Any) -> str:
    """Return a value as a sentence holds it, whole."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=repr)


def changed(difference: Difference) -> str:
    """Return how a decision differs from the recorded one: ``startToCloseTimeout was 30.0, is 60.0``."""
    note = _noted(difference)
    old, new = difference.old, difference.new
    if difference.field == OUTCOME:
        failed = f"the workflow task of event {difference.workflow_task} {_outcome(new)}"
        return f"{failed}, and {_outcome(old)} before{_hint(str(new))}"
    if difference.field == WHOLE:
        if old is None:
            return f"{new} was not recorded{note}"
        return f"{old} was recorded, {'and does not come' if new is None else f'{new} comes'}{note}"
    name, old, new = _narrowed(difference)
    return f"{name} was {old}, is {new}{note}"


def apart(difference: Difference, when: str) -> str:
    """Return how two replays differ: ``old`` is what the reference decides, ``new`` what comes ``when``."""
    note = _noted(difference)
    old, new = difference.old, difference.new
    if difference.field == OUTCOME:
        one, other = (f"fails with {first_line(each)}" if each else "completes" for each in (old, new))
        return f"the workflow task of event {difference.workflow_task} {one}, and {other} {when}"
    if difference.field == WHOLE:
        if old is None:
            return f"{new} comes {when} alone"
        return f"{old} does not come {when}" if new is None else f"{old} comes, and {new} {when}"
    name, old, new = _narrowed(difference)
    return f"{name} is {old}, and {new} {when}{note}"


def _noted(difference: Difference) -> str:
    """Return the note of a difference in brackets, with the further places at which the values differ."""
    further = difference.places[1 : _MOST_PLACES + 1]
    more = len(difference.places) - 1 - len(further)
    also = f", and at {', '.join(further)}" + (f" and {more} more" if more else "") if further else ""
    return f" ({difference.note}{also})" if difference.note else ""


def _narrowed(difference: Difference) -> tuple[str, str, str]:
    """Return the name of what differs and both values, as narrow as the place in them is known, and short there."""
    old, new = difference.old, difference.new
    place = difference.places[0] if difference.places else ""
    if place and isinstance(old, dict | list) and isinstance(new, dict | list):
        inner = places.at(old, place), places.at(new, place)
        if inner != (None, None):
            return f"{difference.field}{place}", *_short(*inner)
    return difference.field, *_short(old, new)


def _short(old: Any, new: Any) -> tuple[str, str]:
    """Return two values as sentences hold them: of long ones, what is around the first character that differs."""
    one, other = shown(old), shown(new)
    if max(len(one), len(other)) <= _LONGEST:
        return one, other
    same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, same - _LONGEST // 4)
    return _window(one, begin), _window(other, begin)


def _window(text: str, begin: int) -> str:
    end = begin + _LONGEST
    return f"{'… ' if begin else ''}{text[begin:end]}{' …' if end < len(text) else ''}"


def _hint(failure: str) -> str:
    """Return what a failure often comes from, where it tells."""
    if "'dict' object has no attribute" not in failure:
        return ""
    return (
        " (a value came as a dict where the code expects an object: give the type of it, with result_type= where an "
        "activity or a child is called by name, or with a type hint of the parameter or result)"
    )


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
