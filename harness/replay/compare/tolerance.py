"""Tolerance: whether Temporal itself lets a difference pass when it replays, and by which of its rules.

The rules are those of SDK core, which the SDKs for Python, TypeScript, .NET and Ruby replay with: its state machines,
crates/sdk-core/src/worker/workflow/machines/, take each recorded event to the next command. A command of another kind
than the event's is refused there, and so are one too many and one too few as soon as another event follows; of the
content little is compared: ``on_activity_task_scheduled``, ``on_start_child_workflow_execution_initiated`` and
``verify_marker_data_matches`` compare id and type, where the history was recorded by an SDK that did so;
``on_marker_recorded`` compares the id of a patch. Replays of planted changes are held against Temporal's own verdict.
"""

from __future__ import annotations

from harness.temporal import marker
from harness.temporal.command import Command
from harness.temporal.sdk_flags import COMPARES_IDS_AND_TYPES, Flags

Tolerance = tuple[bool, str] | None
"""Whether Temporal lets it pass, and by which rule; None where that is not known."""

FAILED: Tolerance = (False, "the workflow task fails")

_IDS_AND_TYPES = {
    "ScheduleActivityTask": frozenset({"activityId", "activityType"}),
    "StartChildWorkflowExecution": frozenset({"workflowId", "workflowType"}),
    marker.LOCAL_ACTIVITY: frozenset({"activityId", "activityType"}),
}
_NAMES = {
    "ScheduleActivityTask": "activities",
    "StartChildWorkflowExecution": "child workflows",
    marker.LOCAL_ACTIVITY: "local activities",
}
_REFERENCES = frozenset({"timerId", "scheduledEventId", "number", "seq", "updateId", "markerName"})


def of_command(one: Command | None, other: Command | None, *, followed: bool) -> Tolerance:
    """Tell it of a command that is too many, too few, or of another kind.

    Args:
        one: As recorded; None for nothing.
        other: As decided now; None for nothing.
        followed: Whether the history holds a command after it.
    """
    if one is None and other is not None and other.fields.get("markerName") == marker.PATCH:
        return True, "a call of patched() that recorded nothing is passed over"
    if one is None and not followed:
        return True, "the history holds no command after it that it could be compared with"
    return False, "kind and order of commands are compared"


def of_field(command: Command, name: str, *, flags: Flags) -> Tolerance:
    """Tell it of one field of a recorded command.

    Args:
        command: The command.
        name: The field.
        flags: The flags that are in force in its workflow task.
    """
    kind = str(command.fields.get("markerName") or command.kind)
    if name == "patchId":
        return False, "the id of a patch is compared"
    if name in _REFERENCES:
        return None
    if kind not in _IDS_AND_TYPES:
        return True, "of such a command its kind is compared alone"
    if name not in _IDS_AND_TYPES[kind]:
        return True, f"of {_NAMES[kind]} id and type are compared alone"
    if COMPARES_IDS_AND_TYPES in flags:
        return False, f"id and type of {_NAMES[kind]} are compared"
    older = f"the history is older than the rule that id and type of {_NAMES[kind]} are compared"
    return True, f"{older}, which holds only for the last workflow task of a run that is still open"
