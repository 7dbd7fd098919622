from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.records.evidence import Evidence
from harness.records.message_facts import ReportedFailure, WorkflowTask, WorkflowTaskFailed
from harness.records.plan import Plan

from .build import Story, judged, killed, nothing, only_finding, passes

ENDS = "workflow-ends-as-baseline"
TASKS = "no-workflow-task-failure"


def ended(kind: str = "COMPLETED", *, run_id: str = "run-1", expects: str | None = None, **told: object) -> Evidence:
    return Story(run_id=run_id).close(kind, **told).evidence(expects_failure=expects)


def failed(*types: str) -> dict[str, object]:
    failure: dict[str, object] = {}
    for each in reversed(types):
        failure = {"message": each.lower(), "applicationFailureInfo": {"type": each}, "cause": failure}
    return {"message": "Activity task failed", "activityFailureInfo": {}, "cause": failure}


def test_other_result() -> None:
    finding = only_finding(ENDS, ended(result={"notes": 3}), ended(result={"notes": 4}))
    assert finding.message == "Agent ended with [{'notes': 3}]; the baseline with [{'notes': 4}]"
    assert "event 5 WORKFLOW_EXECUTION_COMPLETED" in str(finding.evidence[0])


def test_what_differs_between_baselines_is_no_finding() -> None:
    baselines = (ended(result={"n": 4, "at": "12:00"}), ended(result={"n": 4, "at": "12:01"}, run_id="run-2"))
    passes(ENDS, ended(result={"n": 4, "at": "12:07"}), *baselines)
    only_finding(ENDS, ended(result={"n": 5, "at": "12:07"}), *baselines)


def test_run_id_in_the_result_is_no_finding() -> None:
    passes(ENDS, ended(result="run-9 done", run_id="run-9"), ended(result="run-1 done"))


def test_failed_workflow() -> None:
    assert "failed, expected it to complete" in only_finding(ENDS, ended("FAILED", failure=failed("Boom"))).message
    assert "canceled; the baseline completed" in only_finding(ENDS, ended("CANCELED"), ended()).message


def test_expected_failure() -> None:
    as_expected = ended("FAILED", failure=failed("Outer", "InvalidInputError"), expects="InvalidInputError")
    passes(ENDS, as_expected)
    passes(ENDS, ended("FAILED", failure=failed("Any"), expects=""))
    other = ended("FAILED", failure=failed("Outer", "Inner"), expects="InvalidInputError")
    assert "failed with Outer caused by Inner, expected InvalidInputError" in only_finding(ENDS, other).message
    assert "completed, expected it to fail with X" in only_finding(ENDS, ended(expects="X")).message


def test_not_in_time() -> None:
    story = killed()
    story.activity("book")
    finding = only_finding(ENDS, story.evidence("deadline", end_reason="nothing for 30 s"))
    assert finding.message == "Agent did not end in time"
    assert str(finding.evidence[-1]) == "nothing for 30 s"


def test_over_and_stopped() -> None:
    passes(ENDS, Story().evidence("over"))
    assert "the trial was stopped: disk" in nothing(ENDS, Story().evidence("stopped", end_reason="disk"))


def test_continued_as_new_is_no_end() -> None:
    assert judged(ENDS, ended("CONTINUED_AS_NEW")).outcome == "UNKNOWN"


def test_activity_closed_twice() -> None:
    story = Story()
    book = story.activity("book")
    story.complete(book).event("ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5")
    assert "ended 2 times" in only_finding("activities-complete-once", story.close().evidence()).message
    assert nothing("activities-complete-once", ended()) == "no activity was scheduled"


def test_completed_activity_runs_again() -> None:
    story = killed()
    book = story.activity("book")
    story.complete(book).strike()
    story.again(book)
    finding = only_finding("completed-activity-not-run-again", story.close().evidence())
    assert finding.message == "book 1 was handed out again after it had completed"
    assert "attempt 2" in str(finding.evidence[1])


def test_refused_or_unheard_completion_is_no_completion() -> None:
    story = killed()
    book = story.activity("book")
    story.complete(book, executed=False).strike()
    late, book = book, story.again(book)
    story.complete(late, status="NOT_FOUND").complete(book)
    passes("completed-activity-not-run-again", story.close().evidence())
    passes("activities-complete-once", story.close().evidence())
    assert nothing("completed-activity-not-run-again", ended()) == "no activity completed"


def test_workflow_task_fails() -> None:
    story = Story()
    cause = "WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR"
    asked = WorkflowTaskFailed(cause=cause, failure=ReportedFailure(message="[TMPRL1100] other command"))
    for _ in range(3):
        story.message("wire", "RespondWorkflowTaskFailed", asked=asked, workflow_task=True)
    story.event("WORKFLOW_TASK_FAILED", scheduledEventId="2", startedEventId="3", cause=cause)
    finding = only_finding(TASKS, story.close().evidence())
    assert "of Agent failed 3 times: NON_DETERMINISTIC_ERROR: [TMPRL1100] other command" in finding.message
    assert finding.subject == "Agent NON_DETERMINISTIC_ERROR"


def test_workflow_task_failure_that_only_the_history_has() -> None:
    story = Story()
    story.event("WORKFLOW_TASK_FAILED", scheduledEventId="2", startedEventId="3", failure={"message": "boom"})
    assert "boom" in only_finding(TASKS, story.close().evidence()).message


def test_harmless_causes() -> None:
    story = Story()
    for cause in ("UNHANDLED_COMMAND", "RESET_WORKFLOW"):
        story.event("WORKFLOW_TASK_FAILED", cause=f"WORKFLOW_TASK_FAILED_CAUSE_{cause}")
    passes(TASKS, story.close().evidence())


def test_one_deadlock_on_a_busy_machine_cannot_be_told() -> None:
    def deadlocks(count: int) -> Evidence:
        story = Story()
        for _ in range(count):
            failure = ReportedFailure(message="[TMPRL1101] Potential deadlock detected")
            asked = WorkflowTaskFailed(cause="X", failure=failure)
            story.message("wire", "RespondWorkflowTaskFailed", asked=asked, workflow_task=True)
        return story.close().evidence()

    once = judged(TASKS, deadlocks(1), ended())
    assert (once.outcome, once.excused) == ("UNKNOWN", True)  # it is tried again in quiet
    only_finding(TASKS, deadlocks(2), ended())
    only_finding(TASKS, deadlocks(1), deadlocks(1))


def timed_out(story: Story, *, strike: bool, worker_answers: bool = False) -> Story:
    story.event("WORKFLOW_TASK_SCHEDULED")
    started = story.event("WORKFLOW_TASK_STARTED", scheduledEventId="5")
    told = WorkflowTask(attempt=1, started_event_id=started)
    story.message("wire", "PollWorkflowTaskQueue", told=told, workflow_task=True)
    if strike:
        story.strike()
    kind = "TIMEOUT_TYPE_START_TO_CLOSE"
    story.wait(10).event("WORKFLOW_TASK_TIMED_OUT", scheduledEventId="5", startedEventId="6", timeoutType=kind)
    if worker_answers:
        story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True, status="NOT_FOUND")
    return story.close()


def test_workflow_task_of_a_living_worker_times_out() -> None:
    finding = only_finding(TASKS, timed_out(Story(), strike=False).evidence())
    assert "timed out (start_to_close) though its worker process was alive" in finding.message
    earlier = killed()
    earlier.strike()
    only_finding(TASKS, timed_out(earlier, strike=False).evidence())


def test_workflow_task_of_a_killed_worker_times_out() -> None:
    passes(TASKS, timed_out(killed(), strike=True).evidence())


def test_shortened_workflow_task_timeout_on_a_slow_machine() -> None:
    late = timed_out(Story(), strike=False, worker_answers=True)
    passes(TASKS, late.evidence(task_timeout=1.0))
    only_finding(TASKS, late.evidence())


def test_sticky_queue_of_a_killed_worker_times_out() -> None:
    def sticky(story: Story) -> Evidence:
        story.event("WORKFLOW_TASK_TIMED_OUT", scheduledEventId="2", timeoutType="TIMEOUT_TYPE_SCHEDULE_TO_START")
        return story.close().evidence()

    struck = killed()
    struck.strike()
    passes(TASKS, sticky(struck))
    only_finding(TASKS, sticky(Story()))


def signalled(*, sent: int, received: int, plan: Plan | None = None) -> Evidence:
    story = Story(plan=plan or Plan())
    for _ in range(sent):
        story.act("signal", name="approve", args=[True], workflow_id="agent")
    for _ in range(received):
        story.event("WORKFLOW_EXECUTION_SIGNALED", signalName="approve")
    return story.close().evidence()


def test_signal_lost_or_doubled() -> None:
    usual = signalled(sent=1, received=1)
    passes("signals-once", usual)
    finding = only_finding("signals-once", signalled(sent=1, received=0), usual)
    assert finding.message == "signal approve was sent once, and is in the history 0 times"
    only_finding("signals-once", signalled(sent=1, received=2), usual)


def test_a_signal_that_a_reset_run_is_sent_anew_is_the_same_one() -> None:
    usual = signalled(sent=1, received=1)
    first, again = usual.histories[0], Story(run_id="run-2")
    again.event("WORKFLOW_TASK_FAILED", cause="RESET_WORKFLOW", baseRunId=first.run_id, newRunId="run-2")
    lost = replace(usual, histories=(first, again.close().history))
    only_finding("signals-once", lost, usual)
    again.event("WORKFLOW_EXECUTION_SIGNALED", signalName="approve")
    passes("signals-once", replace(usual, histories=(first, again.history)), usual)


def test_an_update_that_a_reset_run_is_sent_anew_is_the_same_one() -> None:
    request = {"meta": {"updateId": "close-1"}, "input": {"name": "close"}}
    usual = Story().act("update", name="close", args=[], workflow_id="agent")
    usual.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", protocolInstanceId="close-1", acceptedRequest=request)
    evidence = usual.close().evidence()
    again = Story(run_id="run-2")
    again.event("WORKFLOW_TASK_FAILED", cause="RESET_WORKFLOW", baseRunId="run-1", newRunId="run-2")
    again.event("WORKFLOW_EXECUTION_UPDATE_ADMITTED", request=request)
    only_finding("signals-once", replace(evidence, histories=(evidence.histories[0], again.history)), evidence)
    again.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", protocolInstanceId="close-1")
    passes("signals-once", replace(evidence, histories=(evidence.histories[0], again.history)), evidence)


def test_signals_of_others_are_no_finding() -> None:
    passes("signals-once", signalled(sent=1, received=2), signalled(sent=1, received=2))
    assert nothing("signals-once", signalled(sent=0, received=2)) == "no signal or update was sent"


def test_update_once() -> None:
    story = Story()
    story.act("update", name="set", args=[1], workflow_id="agent")
    story.act("update", name="set", args=[2], workflow_id="agent", failure="rejected")
    only_finding("signals-once", story.evidence(), story.evidence())
    story.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest={"input": {"name": "set"}})
    passes("signals-once", story.close().evidence())


def under(fault: str, *, restart: bool = True) -> Story:
    story = Story()
    return story.strike(fault=fault, restart=restart)


def undisturbed() -> Evidence:
    story = Story()
    return story.complete(story.activity("book")).close().evidence()


ENDS = "workflow-ends-as-baseline"


@pytest.mark.parametrize("fault", ["model-400", "model-429-quota", "model-outage"])
def test_workflow_that_cannot_succeed_fails(fault: str) -> None:
    passes(ENDS, under(fault).fail_workflow("NoAnswer").evidence(), undisturbed())
    passes(ENDS, under(fault).close(result="plan b").evidence(falls_back=True), undisturbed())
    finding = only_finding(ENDS, under(fault).close().evidence(), undisturbed())
    assert finding.message == f"Agent completed under {fault}, expected it to fail, or a declared fallback"
    assert "timed out" in only_finding(ENDS, under(fault).close("TIMED_OUT").evidence(), undisturbed()).message
    assert "did not end" in only_finding(ENDS, under(fault).evidence("deadline"), undisturbed()).message


@pytest.mark.parametrize("fault", ["model-429-seconds", "model-reset", "reply-lost", "kill-server", "pause-worker"])
def test_workflow_that_can_succeed_ends_as_undisturbed(fault: str) -> None:
    passes(ENDS, under(fault).close().evidence(), undisturbed())
    only_finding(ENDS, under(fault).fail_workflow("NoAnswer").evidence(), undisturbed())
    only_finding(ENDS, under(fault).close(result="plan b").evidence(falls_back=True), undisturbed())


@pytest.mark.parametrize("fault", ["answer-prose", "answer-prose-always", "tool-unknown", "stream-twice"])
def test_workflow_whose_model_says_something_else_ends_by_itself(fault: str) -> None:
    passes(ENDS, under(fault).close().evidence(), undisturbed())
    passes(ENDS, under(fault).close(result="plan b").evidence(), undisturbed())
    passes(ENDS, under(fault).fail_workflow("NoAnswer").evidence(), undisturbed())
    assert "timed out" in only_finding(ENDS, under(fault).close("TIMED_OUT").evidence(), undisturbed()).message
    assert "did not end" in only_finding(ENDS, under(fault).evidence("deadline"), undisturbed()).message


@pytest.mark.parametrize("fault", ["model-slow", "model-no-usage"])
def test_the_right_answer_ends_as_undisturbed_whatever_is_wrong_beside_it(fault: str) -> None:
    passes(ENDS, under(fault).close().evidence(), undisturbed())
    only_finding(ENDS, under(fault).fail_workflow("NoAnswer").evidence(), undisturbed())
    only_finding(ENDS, under(fault).close(result="plan b").evidence(), undisturbed())


def task_timed_out(story: Story, *, struck: str = "", then: str = "") -> Evidence:
    """Let a workflow task time out whose handing out, or whose answer, met a fault."""
    scheduled = story.event("WORKFLOW_TASK_SCHEDULED")
    started = story.event("WORKFLOW_TASK_STARTED", scheduledEventId=str(scheduled))
    told = WorkflowTask(attempt=1, started_event_id=started)
    story.message("wire", "PollWorkflowTaskQueue", workflow_task=True, told=told)
    if struck == "handed out":
        story.drop(status="UNAVAILABLE")
    elif struck == "answered":
        story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True, executed=False)
        story.drop(status="UNAVAILABLE")
    if then:
        story.strike(fault=then)
    story.wait(10)
    ids = {"scheduledEventId": str(scheduled), "startedEventId": str(started)}
    story.event("WORKFLOW_TASK_TIMED_OUT", timeoutType="TIMEOUT_TYPE_START_TO_CLOSE", **ids)
    return story.close().evidence()


def test_workflow_task_that_a_fault_lost_may_time_out() -> None:
    name = "no-workflow-task-failure"
    passes(name, task_timed_out(Story(), struck="handed out", then="reply-lost"))
    passes(name, task_timed_out(Story(), struck="answered", then="unavailable-until-healed"))
    passes(name, task_timed_out(Story(), then="pause-worker"))
    passes(name, task_timed_out(Story(), then="terminate-worker"))


def test_workflow_task_that_no_fault_lost_may_not_time_out() -> None:
    name = "no-workflow-task-failure"
    only_finding(name, task_timed_out(Story(), then="reply-lost"))
    only_finding(name, task_timed_out(Story(), struck="answered", then="model-429"))


def test_zombie_completes_nothing_twice() -> None:
    story = Story()
    old = story.activity("book")
    story.strike(fault="pause-worker").start_worker()
    new = story.again(old)
    story.complete(new).complete(old, status="NOT_FOUND")
    passes("activities-complete-once", story.close().evidence())
    passes("completed-activity-not-run-again", story.evidence())


def test_completion_is_sent_again_when_its_reply_is_lost() -> None:
    story = Story()
    book = story.activity("book")
    story.complete(book).drop(status="UNAVAILABLE").strike(fault="reply-lost")
    story.complete(book, status="NOT_FOUND")
    passes("activities-complete-once", story.close().evidence())
    passes("completed-activity-not-run-again", story.evidence())


def sent_and_received(kind: str, *, fault: str = "", error: str = "", times: int) -> Evidence:
    story = Story()
    if fault:
        story.strike(fault=fault)
    call: dict[str, Any] = {"name": "go", "args": [], "workflow_id": "agent"}
    story.act(kind, **call, failure=error).act(kind, **call)
    for _ in range(times):
        if kind == "signal":
            story.event("WORKFLOW_EXECUTION_SIGNALED", signalName="go")
        else:
            asked = {"input": {"name": "go"}}
            story.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest=asked)
    return story.close().evidence()


def test_signal_that_failed_may_have_been_taken() -> None:
    baseline = Story().close().evidence()
    for times in (1, 2):
        passes("signals-once", sent_and_received("signal", error="UNAVAILABLE", times=times), baseline)
    only_finding("signals-once", sent_and_received("signal", error="UNAVAILABLE", times=3), baseline)
    only_finding("signals-once", sent_and_received("signal", fault="kill-server", times=1), baseline)


def test_update_that_was_not_accepted_does_not_outlive_the_server() -> None:
    baseline = Story().close().evidence()
    passes("signals-once", sent_and_received("update", fault="kill-server", times=1), baseline)
    only_finding("signals-once", sent_and_received("update", fault="reply-lost", times=1), baseline)
