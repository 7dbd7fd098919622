"""What stays done where a workflow is closed without being asked."""

from __future__ import annotations

from harness.replay.explore.compensation import left_behind
from tests.unit.replay.explore.test_properties import did, path


def test_what_other_paths_undo_and_a_termination_leaves_is_told() -> None:
    undone = path("complete book", "cancel", close="cancelled", activities=did("book", "cancel_booking"))
    left = path("complete book", "terminate", close="terminated", activities=did("book"))
    early = path("terminate", close="terminated", activities=did("book", result=None))
    plain = path("complete book", activities=did("book"))
    assert list(left_behind([plain, undone, left, early])) == [
        "closed unasked (terminated, timed out), it leaves book without cancel_booking on 1 path"
    ]
    assert list(left_behind([plain, undone, early])) == []
