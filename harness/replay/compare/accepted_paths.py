"""Paths by which differences are accepted: ``activity.input[0].messages[*].timestamp``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from harness.errors import UsageError, nearest
from harness.records.replay_result import Difference

KINDS = {
    "activity": "ScheduleActivityTask",
    "child": "StartChildWorkflowExecution",
    "timer": "StartTimer",
    "signal": "SignalExternalWorkflowExecution",
    "nexus": "ScheduleNexusOperation",
    "result": "CompleteWorkflowExecution",
    "failure": "FailWorkflowExecution",
    "next": "ContinueAsNewWorkflowExecution",
    "update": "UpdateCompleted",
    "memo": "ModifyWorkflowProperties",
    "marker": "RecordMarker",
}
"""The first word of a path, and the kind of command that it stands for."""

_INDEX = re.compile(r"\.(\d+)(?=[.\[]|$)")


def checked(path: str) -> str:
    """Return a path that somebody wrote, if it is one.

    Raises:
        UsageError: It is none.
    """
    kind, dot, rest = path.partition(".")
    if not (dot and rest) or kind not in KINDS:
        hint = nearest(kind, KINDS)
        raise UsageError(
            f"{path!r} is no path of a difference{hint}: expected one such as "
            f"activity.input[0].messages[*].timestamp, which begins with one of {', '.join(KINDS)}"
        )
    return path


def cover(paths: Iterable[str], difference: Difference) -> bool:
    """Tell whether all that a difference consists of lies at one of the paths or below it."""
    patterns = [_pattern(path) for path in paths]
    places = list(_paths(difference))
    return bool(places) and all(any(each.fullmatch(place) for each in patterns) for place in places)


def touches(path: str, difference: Difference) -> bool:
    """Tell whether something of a difference lies at a path or below it; ``*`` stands for any one name."""
    return any(_pattern(path).fullmatch(place) for place in _paths(difference))


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(path)}(?:[.\[].*)?".replace(r"\*", r"[^.\[\]]+"), re.DOTALL)


def _paths(difference: Difference) -> Iterator[str]:
    kind = next((word for word, kind in KINDS.items() if kind == difference.kind), "")
    name = _INDEX.sub(r"[\1]", difference.field)
    if kind:
        yield from (f"{kind}.{name}{place}" for place in difference.places or ("",))
