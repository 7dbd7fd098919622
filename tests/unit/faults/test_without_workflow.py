"""Of all faults those are made to an activity without a workflow that need nothing of one."""

from __future__ import annotations

from harness import faults
from harness.faults.without_workflow import at_activity, is_made_to_activities


def test_what_needs_a_workflow_is_not_made() -> None:
    left_out = {fault.name for fault in faults.listed() if not is_made_to_activities(fault)}
    assert left_out == {
        *("sent-early", "sent-late", "sent-again", "request-repeated", "query-workflow"),
        *("reset-workflow", "reset-under-way", "schedule-skips", "schedule-waits", "schedule-cancels"),
        *("schedule-overlaps", "rolled-back"),
    }


def test_cancellation_comes_when_it_is_handed_out_and_at_each_heartbeat() -> None:
    cancel = at_activity(faults.named("cancel-workflow"))
    assert {"PollActivityTaskQueue", "RecordActivityTaskHeartbeat"} < set(cancel.operations)
    assert at_activity(faults.named("started-after-end")).operations == ("RespondActivityTaskCompleted",)
    assert at_activity(faults.named("kill-worker")) == faults.named("kill-worker")
