"""Each message gets its point from what it says, the same in every run and after every restart."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from .playing import DONE, Worker, activity, child


def test_the_messages_of_a_run_in_order() -> None:
    worker = Worker()
    assert worker.workflow_task() == "before/PollWorkflowTaskQueue/Trip/attempt-1"
    assert (
        worker.decide(activity("1")) == "before/RespondWorkflowTaskCompleted/Trip/ScheduleActivityTask-book.1/attempt-1"
    )
    assert worker.activity_task("1") == "before/PollActivityTaskQueue/Trip/book.1/attempt-1"
    assert worker.beat("1") == "before/RecordActivityTaskHeartbeat/Trip/book.1/attempt-1"
    assert worker.beat("1") == "before/RecordActivityTaskHeartbeat/Trip/book.1/attempt-1/nth-2"
    assert worker.call() == "before/effect.note/Trip/book.1/attempt-1"
    assert worker.call() == "before/effect.note/Trip/book.1/attempt-1/nth-2"
    assert worker.complete("1") == "before/RespondActivityTaskCompleted/Trip/book.1/attempt-1"
    assert worker.workflow_task(previous=3) == "before/PollWorkflowTaskQueue/Trip/attempt-1/nth-2"
    assert worker.decide(DONE, previous=3).endswith("/CompleteWorkflowExecution/attempt-1")


def test_a_restarted_worker_gives_the_same_places() -> None:
    worker = Worker()
    worker.workflow_task()
    first = worker.decide(activity("1"), activity("2", "mail"))
    worker.activity_task("1")
    beat, call = worker.beat("1"), worker.complete("1")
    worker.attribution.worker_died(1)
    worker.workflow_task(attempt=2, worker=2)
    assert worker.decide(activity("1"), activity("2", "mail"), attempt=2) == first.replace("attempt-1", "attempt-2")
    worker.activity_task("1", attempt=2, worker=2)
    assert worker.beat("1", attempt=2) == beat.replace("attempt-1", "attempt-2")
    assert worker.complete("1", attempt=2) == call.replace("attempt-1", "attempt-2")


def test_executions_of_one_activity_type_are_numbered_as_scheduled_not_as_handed_out() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"), activity("2"))
    assert worker.activity_task("2") == "before/PollActivityTaskQueue/Trip/book.2/attempt-1"
    assert worker.activity_task("1") == "before/PollActivityTaskQueue/Trip/book.1/attempt-1"


def test_many_commands_are_named_by_the_first_and_a_digest() -> None:
    worker = Worker()
    worker.workflow_task()
    named = worker.decide(*(activity(str(number)) for number in range(6)))
    assert "ScheduleActivityTask-book.1+ScheduleActivityTask-book.2+ScheduleActivityTask-book.3+3-more-" in named


def test_children_and_the_runs_of_a_chain_have_paths() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(child("cook-1", "Cook"), child("cook-2", "Cook"))
    assert (
        worker.workflow_task("r-c2", workflow="Cook", id="cook-2")
        == "before/PollWorkflowTaskQueue/Trip/Cook.2/attempt-1"
    )
    assert worker.workflow_task("r2") == "before/PollWorkflowTaskQueue/Trip+1/attempt-1"
    assert [run.path for run in worker.attribution.roots] == ["Trip", "Trip+1"]


def test_what_changes_nothing_has_no_point() -> None:
    worker = Worker()
    for operation, request in [
        ("GetSystemInfo", rpc.GetSystemInfoRequest()),
        ("DescribeNamespace", rpc.DescribeNamespaceRequest()),
        ("PollActivityTaskQueue", rpc.PollActivityTaskQueueRequest()),
        ("RecordWorkerHeartbeat", rpc.RecordWorkerHeartbeatRequest()),
        ("RespondQueryTaskCompleted", rpc.RespondQueryTaskCompletedRequest()),
    ]:
        assert worker.ask(operation, request) == ""
    assert worker.attribution.reply("PollActivityTaskQueue", rpc.PollActivityTaskQueueResponse()) is None


def test_side_by_side_calls_are_named_by_what_they_say() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"), activity("2"))
    worker.activity_task("1")
    alone = worker.call({"to": "ann"})
    worker.activity_task("2")
    assert alone.startswith("before/effect.note/Trip/body-")
    assert worker.call({"to": "bob"}) != alone
    worker.attribution.worker_died(1)
    worker.activity_task("1", attempt=2, worker=2)
    assert worker.call({"to": "ann"}, worker=2) == alone.replace("attempt-1", "attempt-2")


@pytest.mark.parametrize(
    ("scheduled", "point"),
    [(5, "before/effect.note/Trip/mail.1/attempt-1"), (6, "before/effect.note/Trip/body-")],
    ids=["that activity", "another one"],
)
def test_an_activity_that_has_timed_out_calls_nobody_though_its_process_goes_on(scheduled: int, point: str) -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    events = [HistoryEvent(event_id=5), HistoryEvent(event_id=7)]
    events[0].activity_task_scheduled_event_attributes.activity_id = "1"
    events[1].activity_task_timed_out_event_attributes.scheduled_event_id = scheduled
    worker.workflow_task(previous=3, events=events)
    worker.decide(activity("2", "mail"), previous=3)
    worker.activity_task("2", "mail")
    assert worker.call().startswith(point)


def test_a_call_after_the_others_have_ended_is_its_activitys_own_again() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    worker.complete("1")
    worker.workflow_task(previous=3)
    worker.decide(activity("2", "mail"), previous=3)
    worker.activity_task("2", "mail")
    assert worker.call() == "before/effect.note/Trip/mail.1/attempt-1"


def test_a_program_started_again_repeats_the_points_of_its_own_calls() -> None:
    worker = Worker()
    start = rpc.StartWorkflowExecutionRequest(workflow_id="trip", workflow_type=WorkflowType(name="Trip"))
    first = worker.ask("StartWorkflowExecution", start)
    assert first == "before/StartWorkflowExecution/Trip"
    assert worker.ask("StartWorkflowExecution", start) == f"{first}/nth-2"
    worker.attribution.started(workflow="Trip", workflow_id="trip", run_id="r1")
    worker.attribution.worker_died(1)
    assert worker.ask("StartWorkflowExecution", start) == first


def test_a_signal_is_named_by_its_workflow_and_name() -> None:
    worker = Worker()
    worker.attribution.started(workflow="Trip", workflow_id="trip", run_id="r1")
    request = rpc.SignalWorkflowExecutionRequest(signal_name="go")
    request.workflow_execution.workflow_id = "trip"
    assert worker.ask("SignalWorkflowExecution", request) == "before/SignalWorkflowExecution/Trip/go"


def test_a_call_is_looked_for_among_the_tasks_of_its_own_worker_process() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    worker.activity_task("1", attempt=2, worker=2)
    assert worker.call(worker=1) == "before/effect.note/Trip/book.1/attempt-1"
    assert worker.call(worker=2) == "before/effect.note/Trip/book.1/attempt-2"
    assert worker.call(worker=3).startswith("before/effect.note/body-")


def test_the_end_of_one_worker_process_leaves_the_other_its_tasks() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    worker.activity_task("1", attempt=2, worker=2)
    worker.attribution.worker_died(1)
    assert worker.call(worker=1).startswith("before/effect.note/body-")
    assert worker.call(worker=2) == "before/effect.note/Trip/book.1/attempt-2"


def test_a_call_of_an_attempt_that_timed_out_counts_for_the_next_one_in_the_same_process() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    worker.activity_task("1", attempt=2)
    assert worker.call() == "before/effect.note/Trip/book.1/attempt-2"


@pytest.mark.parametrize("operation", ["RespondActivityTaskCanceled", "RespondActivityTaskFailed"])
def test_a_thread_that_goes_on_calls_for_its_attempt_however_late_until_the_next_is_handed_out(operation: str) -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    worker.give_up("1", operation)
    assert worker.call() == "before/effect.note/Trip/book.1/attempt-1"
    worker.workflow_task(previous=3)
    assert worker.call() == "before/effect.note/Trip/book.1/attempt-1/nth-2"
    assert worker.call(worker=2).startswith("before/effect.note/body-")
    worker.decide(activity("2", "mail"), previous=3)
    worker.activity_task("2", "mail")
    assert worker.call() == "before/effect.note/Trip/mail.1/attempt-1"
    worker.complete("2")
    assert worker.call().startswith("before/effect.note/body-")


def test_threads_of_activities_side_by_side_are_told_apart_by_what_they_say() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"), activity("2", "mail"))
    worker.activity_task("1")
    worker.activity_task("2", "mail")
    at_work = worker.call()
    worker.give_up("1", "RespondActivityTaskCanceled")
    assert worker.call() == f"{at_work}/nth-2"
    worker.give_up("2", "RespondActivityTaskCanceled")
    assert worker.call() == f"{at_work}/nth-3"
    worker.attribution.worker_died(1)
    assert worker.call().startswith("before/effect.note/body-")


def test_a_task_that_was_handed_out_unheard_is_in_nobodys_hands() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    worker.attribution.lost(rpc.PollActivityTaskQueueResponse(task_token=b"at-r1-1-1"))
    assert worker.call().startswith("before/effect.note/body-")
    worker.attribution.lost(None)


def eager(reply: rpc.RespondWorkflowTaskCompletedResponse, activity_id: str, kind: str = "book") -> None:
    task = reply.activity_tasks.add(task_token=f"eager-{activity_id}".encode(), activity_id=activity_id, attempt=1)
    task.workflow_execution.run_id, task.activity_type.name = "r1", kind


def test_a_task_handed_out_eagerly_has_the_point_of_the_poll_answer_that_it_would_have_been() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"), activity("2"))
    reply = rpc.RespondWorkflowTaskCompletedResponse()
    eager(reply, "2")
    assert worker.attribution.reply("RespondWorkflowTaskCompleted", reply, worker=1) is None
    owner = worker.attribution.handed_out(b"eager-2")
    assert owner.point.at("after").id == "after/PollActivityTaskQueue/Trip/book.2/attempt-1"
    assert (owner.run_id, owner.activity_id) == ("r1", "2")
    assert worker.activity_task("1") == "before/PollActivityTaskQueue/Trip/book.1/attempt-1"


def test_all_that_a_lost_reply_handed_out_is_in_nobodys_hands() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"), activity("2"))
    reply = rpc.RespondWorkflowTaskCompletedResponse()
    eager(reply, "1")
    eager(reply, "2")
    worker.attribution.reply("RespondWorkflowTaskCompleted", reply, worker=1)
    assert worker.attribution.in_hand() == {("r1", "1", 1), ("r1", "2", 1)}
    worker.attribution.lost(reply)
    assert worker.attribution.in_hand() == set()


def test_a_task_handed_out_eagerly_is_in_the_hands_of_the_worker_process_that_is_answered() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    reply = rpc.RespondWorkflowTaskCompletedResponse()
    reply.activity_tasks.add(task_token=b"eager", activity_id="1", attempt=1).workflow_execution.run_id = "r1"
    worker.attribution.reply("RespondWorkflowTaskCompleted", reply, worker=2)
    assert worker.call(worker=1).startswith("before/effect.note/body-")
    assert worker.call(worker=2) == "before/effect.note/Trip/book.1/attempt-1"


def test_an_activity_whose_end_is_on_its_way_is_not_beside_the_next() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    ending = rpc.RespondActivityTaskCompletedRequest(task_token=b"at-r1-1-1")
    worker.ask("RespondActivityTaskCompleted", ending)
    worker.workflow_task(previous=3)
    worker.decide(activity("2", "mail"), previous=3)
    worker.attribution.finished(b"at-r1-1-1")
    worker.activity_task("2", "mail")
    assert worker.call() == "before/effect.note/Trip/mail.1/attempt-1"


def test_a_call_while_the_end_of_the_activity_before_is_on_its_way_is_the_next_ones_own() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    ending = rpc.RespondActivityTaskCompletedRequest(task_token=b"at-r1-1-1")
    worker.ask("RespondActivityTaskCompleted", ending)
    worker.workflow_task(previous=3)
    worker.decide(activity("2", "mail"), previous=3)
    worker.activity_task("2", "mail")
    assert worker.call() == "before/effect.note/Trip/mail.1/attempt-1"
    worker.attribution.finished(b"at-r1-1-1")
    assert worker.call({"to": "ann"}) == "before/effect.note/Trip/mail.1/attempt-1/nth-2"


def test_an_activity_whose_end_is_executed_after_the_death_of_its_worker_is_not_beside_the_next_one() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"))
    worker.activity_task("1")
    ending = rpc.RespondActivityTaskCompletedRequest(task_token=b"at-r1-1-1")
    worker.ask("RespondActivityTaskCompleted", ending)
    worker.attribution.worker_died(1)
    worker.attribution.finished(b"at-r1-1-1")
    worker.workflow_task(previous=3, worker=2)
    worker.decide(activity("2", "mail"), previous=3)
    worker.activity_task("2", "mail", worker=2)
    assert worker.call(worker=2) == "before/effect.note/Trip/mail.1/attempt-1"


def test_what_worker_processes_have_heard_of_is_told_by_activity_and_attempt() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide(activity("1"), activity("2"))
    assert worker.attribution.in_hand() == set()
    worker.activity_task("1")
    worker.activity_task("2", worker=2, attempt=3)
    assert worker.attribution.in_hand() == {("r1", "1", 1), ("r1", "2", 3)}
    worker.complete("1")
    worker.attribution.worker_died(2)
    assert worker.attribution.in_hand() == set()


def test_an_activity_that_no_workflow_scheduled_is_a_run_of_its_own() -> None:
    worker = Worker()
    worker.attribution.starts(workflow="book", workflow_id="book-run")
    first = [worker.alone("book-run"), worker.beat("book-run"), worker.call()]
    assert first == [
        "before/PollActivityTaskQueue/book/book.1/attempt-1",
        "before/RecordActivityTaskHeartbeat/book/book.1/attempt-1",
        "before/effect.note/book/book.1/attempt-1",
    ]
    assert worker.alone("book-run", attempt=2) == first[0].replace("attempt-1", "attempt-2")
    worker.attribution.started(workflow="book", workflow_id="book-run", run_id="r1", is_activity=True)
    (run,) = worker.attribution.roots
    assert (run.workflow_id, run.run_id, run.is_activity, run.first_task.attempt) == ("book-run", "r1", True, 1)
    assert worker.alone("book-run", run="r2") == "before/PollActivityTaskQueue/book+1/book.1/attempt-1"
    assert worker.alone("other", run="r3") == "before/PollActivityTaskQueue/book/book.1/attempt-1"
    assert [run.root for run in worker.attribution.runs.values()] == [True, True, False]
