"""Executions beside each other, Nexus tasks and eager workflow tasks have points of their own."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.attribution import Attribution

from .playing import Worker, activity


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


def test_a_call_in_a_sequence_is_that_of_the_activity_that_makes_it() -> None:
    worker = Worker()
    worker.attribution = Attribution(begins_at_door=False, in_sequence=True)
    for number in ("1", "2"):
        worker.attribution.starts(workflow="Trip", workflow_id=f"w{number}")
        worker.workflow_task(f"r{number}", id=f"w{number}")
        worker.decide(activity("1"), run=f"r{number}")
        worker.activity_task("1", run=f"r{number}")
        path = "Trip" if number == "1" else "Trip.2"
        assert worker.call("x") == f"before/effect.note/{path}/book.1/attempt-1"
        worker.complete("1", run=f"r{number}")


def test_runs_of_a_schedule_are_named_after_it_and_are_no_work_of_the_scenario() -> None:
    worker = Worker()
    worker.attribution = Attribution(begins_at_door=False)
    worker.attribution.started(workflow="Trip", workflow_id="w", run_id="r1")
    worker.attribution.names_after("w-scheduled-", "Trip.scheduled")
    for number, path in ((2, "Trip.scheduled"), (3, "Trip.scheduled.2")):
        workflow_id = f"w-scheduled-{number}"
        assert worker.workflow_task(f"r{number}", id=workflow_id) == f"before/PollWorkflowTaskQueue/{path}/attempt-1"
    assert [run.path for run in worker.attribution.roots] == ["Trip"]
    worker.decide(activity("1"), run="r2")
    worker.activity_task("1", run="r2")
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


def nexus_task(
    token: str, request_id: str, *, operation: str = "write", run: str = "r1"
) -> rpc.PollNexusTaskQueueResponse:
    reply = rpc.PollNexusTaskQueueResponse(task_token=token.encode())
    asked = reply.request.start_operation
    asked.service, asked.operation, asked.request_id = "Notes", operation, request_id
    asked.links.add(url=f"temporal:///namespaces/default/workflows/my%20trip/{run}/history?eventID=5")
    return reply


def test_a_nexus_task_is_that_of_the_run_that_calls_the_operation() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide()
    tasks = [nexus_task("1", "a"), nexus_task("2", "a"), nexus_task("3", "b"), nexus_task("4", "c", run="elsewhere")]
    points = [worker.named(worker.attribution.reply("PollNexusTaskQueue", task, worker=1)) for task in tasks]
    assert points == [
        "before/PollNexusTaskQueue/Trip/Notes.write.1/attempt-1",
        "before/PollNexusTaskQueue/Trip/Notes.write.1/attempt-2",
        "before/PollNexusTaskQueue/Trip/Notes.write.2/attempt-1",
        "before/PollNexusTaskQueue/Notes.write.1/attempt-1",
    ]
    done = rpc.RespondNexusTaskCompletedRequest(task_token=b"2")
    owner = worker.attribution.request("RespondNexusTaskCompleted", done)
    assert owner is not None
    assert owner.point.id == "before/RespondNexusTaskCompleted/Trip/Notes.write.1/attempt-2"
    assert (owner.run_id, owner.activity_id) == ("r1", "")


def test_what_a_nexus_service_calls_is_its_own() -> None:
    worker = Worker()
    worker.workflow_task()
    worker.decide()
    worker.attribution.reply("PollNexusTaskQueue", nexus_task("1", "a"), worker=1)
    assert worker.call() == "before/effect.note/Trip/Notes.write.1/attempt-1"
    worker.attribution.finished(b"1")
    assert worker.call("x").startswith("before/effect.note/body-")


def test_the_first_workflow_task_that_comes_with_the_answer_to_a_start_is_the_one_of_a_poll() -> None:
    worker = Worker()
    reply = rpc.StartWorkflowExecutionResponse(run_id="r1")
    task = reply.eager_workflow_task
    task.task_token, task.workflow_type.name, task.attempt = b"wt-r1-0-1", "Trip", 1
    task.workflow_execution.workflow_id, task.workflow_execution.run_id = "trip", "r1"
    assert worker.attribution.reply("StartWorkflowExecution", reply, worker=1) is None
    owner = worker.attribution.handed_out(b"wt-r1-0-1")
    assert owner.point.at("after").id == "after/PollWorkflowTaskQueue/Trip/attempt-1"
    assert worker.call() == "before/effect.note/Trip/attempt-1"
    worker.attribution.lost(reply)
    assert worker.call().startswith("before/effect.note/body-")
