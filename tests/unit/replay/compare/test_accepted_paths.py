"""Differences are accepted by the path at which they are, with all that they consist of."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.records.replay_result import Difference
from harness.replay.compare.accepted_paths import checked, cover, touches


def difference(field: str = "input.0", *places: str, kind: str = "ScheduleActivityTask") -> Difference:
    return Difference(
        event_id=5, workflow_task=3, kind=kind, subject="ask", field=field, old="a", new="b", places=places
    )


PATH = "activity.input[0].messages[*].timestamp"


@pytest.mark.parametrize(
    ("path", "one", "covered"),
    [
        (PATH, difference("input.0", ".messages[2].timestamp"), True),
        (PATH, difference("input.0", ".messages[2].timestamp", ".messages[3].timestamp"), True),
        (PATH, difference("input.0", ".messages[2].timestamp", ".messages[3].text"), False),
        (PATH, difference("input.0", ".messages[2].timestamp.seconds"), True),
        (PATH, difference("input.0", ".messages[2].timestamps"), False),
        (PATH, difference("input.1", ".messages[2].timestamp"), False),
        (PATH, difference("input.0", ".messages[2].timestamp", kind="StartChildWorkflowExecution"), False),
        (PATH, difference("input.0", ".messages[2].timestamp", "…"), False),
        (PATH, difference("input.0", ".messages[2].timestamp", ".messages[*].timestamp"), True),
        ("activity.input[0].messages[2].timestamp", difference("input.0", ".messages[*].timestamp"), False),
        (PATH, difference("input.0"), False),
        ("activity.*.*", difference("retryPolicy.maximumAttempts"), True),
        ("activity.input[0]", difference("input.0"), True),
        ("timer.startToFireTimeout", difference("startToFireTimeout", kind="StartTimer"), True),
        ("timer.startToFireTimeout", difference("startToFireTimeout", kind="NoSuchKind"), False),
    ],
)
def test_report_cases_a_path_covers_what_differs_at_it_or_below(path: str, one: Difference, covered: bool) -> None:
    assert cover([checked(path)], one) is covered


def test_report_cases_several_paths_cover_together_what_none_of_them_covers_alone() -> None:
    stamped = difference("input.0", ".messages[2].timestamp", ".run_id")
    paths = [PATH, "activity.input[0].run_id"]
    assert cover(paths, stamped)
    assert not any(cover([path], stamped) for path in paths)
    assert all(touches(path, stamped) for path in paths)
    assert not touches("activity.input[0].text", stamped)
    assert not cover(paths, difference("input.0", ".messages[2].timestamp", ".run_id", ".text"))
    assert not cover([], stamped)


@pytest.mark.parametrize("path", ["histories/", "activity", "activty.input[0]", ""])
def test_what_is_no_path_is_refused_with_one_that_is(path: str) -> None:
    with pytest.raises(UsageError, match=r"no path of a difference.*activity\.input\[0\]\.messages"):
        checked(path)
