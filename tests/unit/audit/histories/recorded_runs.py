"""Histories of whole runs, each with what the audit must find in it, and with what certainty."""

from __future__ import annotations

from typing import Any

from harness.records.evidence import History
from tests.unit.audit.histories.recorded import Writer, application
from tests.unit.audit.histories.recorded_activities import BOUNDED, CERTAIN, LIKELY, LOOK, case


def failed_task(cause: str, failure: dict[str, Any], *, goes_on: bool = True) -> History:
    writer = Writer()
    scheduled = writer.add("WORKFLOW_TASK_SCHEDULED")
    writer.add("WORKFLOW_TASK_STARTED", scheduledEventId=str(scheduled))
    writer.add("WORKFLOW_TASK_FAILED", cause=f"WORKFLOW_TASK_FAILED_CAUSE_{cause}", failure=failure)
    if goes_on:
        writer.task()
        writer.close()
    return writer.history


def calls(sizes: list[int], *, in_turn: bool = True) -> History:
    writer = Writer()
    writer.task()
    decided = len(writer.history.events)
    for size in sizes:
        scheduled = writer.scheduled(size=size, **BOUNDED)
        if not in_turn:
            told = writer.history.events[scheduled - 1]["activityTaskScheduledEventAttributes"]
            told["workflowTaskCompletedEventId"] = str(decided)
        writer.started(scheduled)
        writer.completed(scheduled)
        if in_turn:
            writer.task()
    writer.task()
    writer.close()
    return writer.history


@case(("CP601", LOOK))
def conversation_grows() -> History:
    return calls([4_000 * step for step in range(1, 7)])


@case(("CP601", LIKELY))
def conversation_grows_fast() -> History:
    return calls([30_000 * step for step in range(1, 7)])


@case()
def calls_side_by_side() -> History:
    return calls([4_000 * step for step in range(1, 7)], in_turn=False)


@case()
def calls_of_the_same_size() -> History:
    return calls([9_000] * 8)


@case(("CP207", LIKELY))
def long_history() -> History:
    writer = Writer()
    for _ in range(3_500):
        writer.task()
    return writer.history


@case(("CP207", LIKELY))
def large_history() -> History:
    writer = Writer()
    writer.task(historySizeBytes=str(12 * 1024**2))
    return writer.history


@case(("CP207", LOOK))
def suggestion_not_taken() -> History:
    writer = Writer()
    writer.task(suggestContinueAsNew=True)
    for _ in range(50):
        writer.task()
    return writer.history


@case()
def suggestion_taken() -> History:
    writer = Writer()
    writer.task(suggestContinueAsNew=True)
    writer.close("CONTINUED_AS_NEW")
    return writer.history


@case(("CP207", CERTAIN))
def ended_by_the_limit() -> History:
    writer = Writer()
    writer.task()
    writer.close("TERMINATED", reason="Workflow history count exceeds limit.")
    return writer.history


@case()
def terminated_by_a_person() -> History:
    writer = Writer()
    writer.task()
    writer.close("TERMINATED", reason="cleaning up", identity="me@desk")
    return writer.history


@case(("CP601", CERTAIN))
def ended_by_the_size_of_a_message() -> History:
    writer = Writer()
    writer.task()
    writer.add("WORKFLOW_TASK_FAILED", cause="WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND")
    writer.close("TERMINATED", reason="GrpcMessageTooLarge", identity="history-service")
    return writer.history


@case(("CP211", LIKELY))
def ended_with_its_parent() -> History:
    writer = Writer()
    writer.task()
    writer.close("TERMINATED", reason="by parent close policy", identity="history-service")
    return writer.history


@case(("CP702", CERTAIN))
def ended_by_the_server() -> History:
    writer = Writer()
    writer.task()
    writer.close("TERMINATED", reason="Workflow is zombie", identity="history-service")
    return writer.history


@case(("CP702", CERTAIN))
def not_deterministic() -> History:
    return failed_task("NON_DETERMINISTIC_ERROR", {"message": "[TMPRL1100] Nondeterminism error: Activity type"})


@case(("CP208", LIKELY))
def plain_error() -> History:
    return failed_task("WORKFLOW_WORKER_UNHANDLED_FAILURE", application("KeyError", "'plan'"))


@case(("CP208", CERTAIN))
def plain_error_hangs() -> History:
    return failed_task("WORKFLOW_WORKER_UNHANDLED_FAILURE", application("KeyError", "'plan'"), goes_on=False)


@case(("CP105", LIKELY))
def blocked() -> History:
    failure = {"message": "[TMPRL1101] Potential deadlock detected: workflow didn't yield within 2 second(s)."}
    return failed_task("WORKFLOW_WORKER_UNHANDLED_FAILURE", failure)


@case(("CP401", CERTAIN))
def no_timeout_given() -> History:
    message = "Activity must have start_to_close_timeout or schedule_to_close_timeout"
    return failed_task("WORKFLOW_WORKER_UNHANDLED_FAILURE", application("ValueError", message))


@case(("CP405", CERTAIN))
def policy_refused() -> History:
    failure = application("ValueError", "Maximum interval cannot be less than initial interval")
    return failed_task("WORKFLOW_WORKER_UNHANDLED_FAILURE", failure)


@case(("CP402", CERTAIN))
def timeout_refused() -> History:
    failure = {"message": "BadScheduleActivityAttributes: invalid StartToCloseTimeout on ScheduleActivityTaskCommand"}
    return failed_task("BAD_SCHEDULE_ACTIVITY_ATTRIBUTES", failure)


@case(("CP601", CERTAIN))
def command_too_large() -> History:
    return failed_task("PAYLOADS_TOO_LARGE", {"message": "[TMPRL1103] Attempted to upload payloads"})


@case()
def signal_came_while_completing() -> History:
    return failed_task("UNHANDLED_COMMAND", {"message": "UnhandledCommand"})


@case(("CP702", LOOK))
def tasks_time_out() -> History:
    writer = Writer()
    for _ in range(4):
        writer.add("WORKFLOW_TASK_TIMED_OUT", timeoutType="TIMEOUT_TYPE_START_TO_CLOSE")
    return writer.history


@case()
def one_task_times_out() -> History:
    writer = Writer()
    for which in ("START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_START"):
        writer.add("WORKFLOW_TASK_TIMED_OUT", timeoutType=f"TIMEOUT_TYPE_{which}")
    writer.task()
    return writer.history


def updated(*, finished: bool) -> History:
    writer = Writer()
    writer.task()
    accepted = writer.add("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest={"input": {"name": "ask"}})
    if finished:
        writer.add("WORKFLOW_EXECUTION_UPDATE_COMPLETED", acceptedEventId=str(accepted))
    writer.close("CONTINUED_AS_NEW")
    return writer.history


@case(("CP205", CERTAIN))
def update_never_finished() -> History:
    return updated(finished=False)


@case()
def update_finished() -> History:
    return updated(finished=True)


@case(("CP205", CERTAIN))
def signal_never_seen() -> History:
    writer = Writer()
    writer.task()
    writer.add("WORKFLOW_EXECUTION_SIGNALED", signalName="approve")
    writer.close()
    return writer.history


@case(("CP205", LOOK))
def activity_left_open() -> History:
    writer = Writer()
    writer.task()
    writer.scheduled(**BOUNDED)
    writer.close()
    return writer.history


@case()
def activity_left_open_by_a_termination() -> History:
    writer = Writer()
    writer.task()
    writer.scheduled(**BOUNDED)
    writer.close("TERMINATED")
    return writer.history
