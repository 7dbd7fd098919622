"""Each message gets its point from what it says, the same in every run and after every restart."""

from __future__ import annotations

from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import ActivityType, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.attribution import Attribution


class Worker:
    """Plays a worker's messages past an attribution."""

    def __init__(self) -> None:
        self.attribution = Attribution()

    def workflow_task(
        self,
        run: str = "r1",
        *,
        workflow: str = "Trip",
        id: str = "trip",
        attempt: int = 1,
        previous: int = 0,
        worker: int = 1,
    ) -> str:
        reply = rpc.PollWorkflowTaskQueueResponse(
            task_token=f"wt-{run}-{previous}-{attempt}".encode(),
            workflow_execution=WorkflowExecution(workflow_id=id, run_id=run),
            workflow_type=WorkflowType(name=workflow),
            attempt=attempt,
            previous_started_event_id=previous,
        )
        return self.named(self.attribution.reply("PollWorkflowTaskQueue", reply, worker=worker))

    def decide(self, *commands: Command, run: str = "r1", attempt: int = 1, previous: int = 0) -> str:
        token = f"wt-{run}-{previous}-{attempt}".encode()
        request = rpc.RespondWorkflowTaskCompletedRequest(task_token=token, commands=commands)
        found = self.named(self.attribution.request("RespondWorkflowTaskCompleted", request))
        self.attribution.finished(token)
        return found

    def activity_task(
        self, activity_id: str, kind: str = "book", *, run: str = "r1", attempt: int = 1, worker: int = 1
    ) -> str:
        reply = rpc.PollActivityTaskQueueResponse(
            task_token=f"at-{run}-{activity_id}-{attempt}".encode(),
            workflow_execution=WorkflowExecution(workflow_id="trip", run_id=run),
            workflow_type=WorkflowType(name="Trip"),
            activity_type=ActivityType(name=kind),
            activity_id=activity_id,
            attempt=attempt,
        )
        return self.named(self.attribution.reply("PollActivityTaskQueue", reply, worker=worker))

    def beat(self, activity_id: str, *, attempt: int = 1) -> str:
        request = rpc.RecordActivityTaskHeartbeatRequest(task_token=f"at-r1-{activity_id}-{attempt}".encode())
        return self.named(self.attribution.request("RecordActivityTaskHeartbeat", request))

    def complete(self, activity_id: str, *, attempt: int = 1) -> str:
        token = f"at-r1-{activity_id}-{attempt}".encode()
        request = rpc.RespondActivityTaskCompletedRequest(task_token=token)
        found = self.named(self.attribution.request("RespondActivityTaskCompleted", request))
        self.attribution.finished(token)
        return found

    def call(self, body: Any = None, *, worker: int = 1) -> str:
        return self.named(self.attribution.call(door="effect", operation="note", body=body, worker=worker))

    def ask(self, operation: str, request: Any) -> str:
        return self.named(self.attribution.request(operation, request))

    @staticmethod
    def named(owner: Any) -> str:
        return owner.point.id if owner else ""


def activity(activity_id: str, kind: str = "book") -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK)
    command.schedule_activity_task_command_attributes.activity_id = activity_id
    command.schedule_activity_task_command_attributes.activity_type.name = kind
    return command


def child(workflow_id: str, kind: str) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION)
    command.start_child_workflow_execution_command_attributes.workflow_id = workflow_id
    command.start_child_workflow_execution_command_attributes.workflow_type.name = kind
    return command


DONE = Command(command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION)


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


def test_several_executions_of_one_type_are_numbered_as_they_are_started() -> None:
    worker = Worker()
    for number, workflow in enumerate(["Trip", "Trip", "Stay"], 1):
        worker.attribution.starts(workflow=workflow, workflow_id=f"w{number}")
    assert worker.workflow_task("r2", id="w2") == "before/PollWorkflowTaskQueue/Trip.2/attempt-1"
    assert worker.workflow_task("r1", id="w1") == "before/PollWorkflowTaskQueue/Trip/attempt-1"
    worker.attribution.started(workflow="Stay", workflow_id="w3", run_id="r3")
    worker.attribution.started(workflow="Trip", workflow_id="w2", run_id="r2")
    assert [run.path for run in worker.attribution.executions.values()] == ["Trip.2", "Trip", "Stay"]
    assert worker.workflow_task("r4", id="w2") == "before/PollWorkflowTaskQueue/Trip.2+1/attempt-1"


def test_a_call_beside_another_execution_is_named_by_what_it_says_from_the_start_on() -> None:
    worker = Worker()
    for workflow_id in ("w1", "w2"):
        worker.attribution.starts(workflow="Trip", workflow_id=workflow_id)
    worker.workflow_task("r1", id="w1")
    worker.decide(activity("1"), run="r1")
    worker.activity_task("1", run="r1")
    assert worker.call("x").startswith("before/effect.note/body-")


def test_what_a_worker_starts_where_a_starter_begins_the_work_is_led_to() -> None:
    attribution = Attribution(by_starter=True, begins_with="Trip")
    attribution.starts_at_door(workflow="Setup", workflow_id="s", worker=0)
    attribution.starts_at_door(workflow="Trip", workflow_id="w1", worker=0)
    attribution.starts_at_door(workflow="Trip", workflow_id="w2", worker=1)
    for workflow, number in (("Setup", "s"), ("Trip", "w1"), ("Trip", "w2")):
        attribution.started_at_door(workflow=workflow, workflow_id=number, run_id=f"r-{number}")
    assert [(run.path, run.root) for run in attribution.runs.values()] == [
        ("Setup", False),
        ("Trip", True),
        ("Trip", False),
    ]


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
    owner = worker.attribution.handed_out(reply.activity_tasks[0])
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
