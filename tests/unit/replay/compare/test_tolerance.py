"""What Temporal itself tolerates, command by command; replays of planted changes hold it against Temporal's verdict."""

from __future__ import annotations

import pytest

from harness.replay.compare import tolerance
from harness.temporal import marker
from harness.temporal.command import Command
from harness.temporal.sdk_flags import COMPARES_IDS_AND_TYPES, Flags

TIMER = Command(kind="StartTimer", fields={"timerId": "1"})
ACTIVITY = Command(kind="ScheduleActivityTask", fields={"activityType": "book"})
PATCH = Command(kind="RecordMarker", fields={"markerName": marker.PATCH, "patchId": "new"})
LOCAL = Command(kind="RecordMarker", fields={"markerName": marker.LOCAL_ACTIVITY, "activityType": "book"})
NEW: Flags = frozenset({COMPARES_IDS_AND_TYPES})


@pytest.mark.parametrize(
    ("one", "other", "followed", "tolerated"),
    [
        (TIMER, ACTIVITY, True, False),
        (TIMER, None, False, False),
        (None, TIMER, True, False),
        (None, TIMER, False, True),
        (None, PATCH, True, True),
        (PATCH, None, True, False),
    ],
)
def test_kind_and_order_of_commands_are_compared(
    one: Command | None, other: Command | None, followed: bool, tolerated: bool
) -> None:
    allowance = tolerance.of_command(one, other, followed=followed)
    assert allowance is not None
    assert allowance[0] is tolerated


@pytest.mark.parametrize(
    ("command", "name", "flags", "tolerated"),
    [
        (ACTIVITY, "input.0", NEW, True),
        (ACTIVITY, "activityType", NEW, False),
        (ACTIVITY, "activityType", frozenset(), True),
        (LOCAL, "activityId", NEW, False),
        (LOCAL, "activityId", frozenset(), True),
        (PATCH, "patchId", frozenset(), False),
        (TIMER, "startToFireTimeout", NEW, True),
        (TIMER, "timerId", NEW, None),
    ],
)
def test_of_fields_id_and_type_are_compared_alone(
    command: Command, name: str, flags: Flags, tolerated: bool | None
) -> None:
    allowance = tolerance.of_field(command, name, flags=flags)
    assert (allowance[0] if allowance else None) is tolerated
