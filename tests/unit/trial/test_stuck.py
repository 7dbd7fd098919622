"""A workflow is stuck once its task has failed three times in a row in the same way, and not before."""

from __future__ import annotations

from dataclasses import replace

from harness.records.act_facts import ActFacts, FaultHealed, FaultMade, WorkerStarted
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


def silent(*seconds: float, run: str = "r") -> list[Entry]:
    return [replace(handed_out(attempt), at=at, run_id=run) for attempt, at in enumerate(seconds, start=1)]


def act(operation: str, facts: ActFacts) -> Entry:
    return Entry(at=1, kind="act", operation=operation, facts=facts)


STRUCK = act("strike", FaultMade(fault="pause-worker"))
BLOCKED = (
    "a workflow task of w was handed out 4 times in 30 s, and the worker, which lives, answered none: its workflow "
    "code blocks, and always will"
)


def test_a_task_that_a_living_worker_never_answers_is_the_end() -> None:
    assert why(*silent(0, 10, 20, 30)) == ["", "", "", BLOCKED]
    slow = failed("[TMPRL1101] Potential deadlock detected")
    assert why(silent(0)[0], slow, *silent(2, 12, 30)) == ["", "", "", "", BLOCKED]


def test_silence_that_a_fault_or_a_start_explains_is_no_end_and_no_short_one() -> None:
    first, *others = silent(0, 10, 20, 30)
    assert not any(why(first, STRUCK, *others, *silent(50)))
    healed = act("heal", FaultHealed(fault="pause-worker"))
    assert not any(why(STRUCK, first, *others, healed, *silent(40, 50, 60)))
    assert why(STRUCK, first, healed, *silent(0, 10, 20, 30))[-1] == BLOCKED
    assert not any(why(first, *others[:2], act("start-worker", WorkerStarted(pid=1, command="w")), others[2]))
    assert not any(why(*silent(0, 1, 2, 3, 7)))
    assert not any(why(first, *others[:2], completed(), *silent(30, 40)))
    assert not any(why(*silent(0, 10, 20), *silent(30, run="s")))
    queries = [
        replace(each, facts=WorkflowTask(attempt=1, started_event_id=15, query=True)) for each in (first, *others)
    ]
    assert not any(why(*queries))
