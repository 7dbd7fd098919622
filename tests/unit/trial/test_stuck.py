"""A workflow is stuck once its task has failed three times in a row in the same way, and not before."""

from __future__ import annotations

from harness.records.message_facts import ReportedFailure, WorkflowTask, WorkflowTaskCompleted, WorkflowTaskFailed
from harness.records.tape import Entry
from harness.trial.stuck import StuckWorkflows


def failed(message: str, *, run: str = "r") -> Entry:
    facts = WorkflowTaskFailed(cause="NON_DETERMINISTIC_ERROR", failure=ReportedFailure(message=message, type=""))
    return Entry(
        at=1,
        kind="request",
        door="wire",
        operation="RespondWorkflowTaskFailed",
        run_id=run,
        workflow_id="w",
        facts=facts,
    )


LAST = "a workflow task of w failed again and again in the same way, and always will: no such command"


def handed_out(attempt: int) -> Entry:
    facts = WorkflowTask(attempt=attempt, started_event_id=15)
    return Entry(
        at=1, kind="reply", door="wire", operation="PollWorkflowTaskQueue", run_id="r", workflow_id="w", facts=facts
    )


def completed() -> Entry:
    facts = WorkflowTaskCompleted(commands=[])
    return Entry(at=1, kind="request", door="wire", operation="RespondWorkflowTaskCompleted", run_id="r", facts=facts)


def why(*entries: Entry) -> list[str]:
    stuck = StuckWorkflows()
    return [stuck.why_stuck(entry) for entry in entries]


def test_three_times_the_same_is_the_end() -> None:
    assert why(*[failed("no such command")] * 3) == ["", "", LAST]


def test_a_worker_that_reports_only_the_first_failures_is_known_by_the_attempt_that_follows() -> None:
    reports = [failed("no such command")] * 2
    assert why(*reports, handed_out(2), handed_out(3))[2:] == ["", LAST]
    assert why(reports[0], handed_out(2), handed_out(3), handed_out(4)) == ["", "", "", LAST]
    assert not any(why(handed_out(2), handed_out(3), handed_out(4)))


def test_failures_that_differ_by_an_id_or_a_number_alone_are_the_same() -> None:
    said = "activity id of event {} is {}, expected note"
    ids = ["01a21991-d181-7efc-b288-3f330b608822", "7c0e55b7-0f0e-4a55-9d4f-2f1b6f0c1a11", "0x7f12aab0"]
    assert [bool(each) for each in why(*[failed(said.format(5, each)) for each in ids])] == [False, False, True]
    assert not any(why(*[failed(f"activity {name} is not expected") for name in ("add", "bad", "cab")]))


def test_other_failures_other_runs_and_what_succeeds_in_between_do_not_count() -> None:
    same, other = failed("no such command"), failed("no such file")
    assert not any(why(same, same, other, same, same))
    assert not any(why(same, same, completed(), same, same))
    assert not any(why(same, same, failed("no such command", run="s")))


def test_a_task_that_took_too_long_may_be_the_fault_of_a_busy_machine() -> None:
    assert not any(why(*[failed("[TMPRL1101] Potential deadlock detected")] * 5))
