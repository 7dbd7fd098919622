"""A recorded run as the rules on histories read it."""

from __future__ import annotations

import pytest

from harness.audit.histories.recorded_run import RecordedRun
from tests.unit.audit.histories.recorded import Writer, application, timeout


def test_an_activity_is_read_over_all_its_attempts() -> None:
    writer = Writer()
    writer.task()
    scheduled = writer.scheduled("ask", size=5, scheduleToCloseTimeout="60s", retry={"maximumAttempts": 3})
    writer.started(scheduled, attempt=2, after=application("ValueError"))
    writer.completed(scheduled, at=7)
    (each,) = RecordedRun(writer.history).executions
    assert (each.activity, each.event, each.size, each.attempts) == ("ask", scheduled, 5, 2)
    assert (each.end, each.final, each.seconds) == ("ACTIVITY_TASK_COMPLETED", False, 7.0)
    assert (each.options.schedule_to_close, each.options.retry.attempts) == (60.0, 3)
    assert each.failure == application("ValueError")


def test_an_open_activity_has_no_end_and_one_that_failed_has_its_last_failure() -> None:
    writer = Writer()
    writer.task()
    writer.scheduled("waits")
    failed = writer.scheduled("fails")
    writer.started(failed)
    writer.failed(failed, timeout("HEARTBEAT"), kind="TIMED_OUT")
    waits, fails = RecordedRun(writer.history).executions
    assert (waits.end, waits.attempts, waits.failure) == ("", 0, {})
    assert (fails.end, fails.final, fails.timed_out) == ("ACTIVITY_TASK_TIMED_OUT", True, "HEARTBEAT")


@pytest.mark.parametrize(
    ("timeouts", "bounded"),
    [({}, False), ({"workflowRunTimeout": "0s"}, False), ({"workflowExecutionTimeout": "60s"}, True)],
)
def test_a_run_is_bounded_by_a_timeout_of_its_workflow(timeouts: dict[str, str], bounded: bool) -> None:
    assert RecordedRun(Writer(**timeouts).history).bounded is bounded


def test_a_run_is_open_until_an_event_closes_it() -> None:
    writer = Writer("Agent")
    opened = RecordedRun(writer.history)
    assert (opened.workflow, opened.close, opened.closed_as) == ("Agent", None, "")
    writer.close("CONTINUED_AS_NEW")
    assert RecordedRun(writer.history).closed_as == "CONTINUED_AS_NEW"


def test_the_size_of_a_history_is_the_last_that_the_server_told() -> None:
    writer = Writer()
    assert RecordedRun(writer.history).bytes == 0
    for size in (1_000, 2_000):
        writer.task(historySizeBytes=str(size))
    assert RecordedRun(writer.history).bytes == 2_000
