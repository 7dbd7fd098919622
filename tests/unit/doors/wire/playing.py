"""A worker that plays its messages past an attribution, and the commands that it decides on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import ActivityType, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType
from temporalio.api.history.v1 import History, HistoryEvent
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
        events: Sequence[HistoryEvent] = (),
    ) -> str:
        reply = rpc.PollWorkflowTaskQueueResponse(
            task_token=f"wt-{run}-{previous}-{attempt}".encode(),
            workflow_execution=WorkflowExecution(workflow_id=id, run_id=run),
            workflow_type=WorkflowType(name=workflow),
            attempt=attempt,
            previous_started_event_id=previous,
            history=History(events=events),
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

    def alone(self, activity_id: str, *, run: str = "r1", attempt: int = 1) -> str:
        """Be handed an activity that no workflow scheduled."""
        reply = rpc.PollActivityTaskQueueResponse(
            task_token=f"at-{run}-{activity_id}-{attempt}".encode(),
            activity_type=ActivityType(name="book"),
            activity_id=activity_id,
            activity_run_id=run,
            attempt=attempt,
        )
        return self.named(self.attribution.reply("PollActivityTaskQueue", reply, worker=1))

    def beat(self, activity_id: str, *, attempt: int = 1) -> str:
        request = rpc.RecordActivityTaskHeartbeatRequest(task_token=f"at-r1-{activity_id}-{attempt}".encode())
        return self.named(self.attribution.request("RecordActivityTaskHeartbeat", request))

    def complete(self, activity_id: str, *, run: str = "r1", attempt: int = 1) -> str:
        token = f"at-{run}-{activity_id}-{attempt}".encode()
        request = rpc.RespondActivityTaskCompletedRequest(task_token=token)
        found = self.named(self.attribution.request("RespondActivityTaskCompleted", request))
        self.attribution.finished(token)
        return found

    def give_up(self, activity_id: str, operation: str, *, attempt: int = 1) -> None:
        token = f"at-r1-{activity_id}-{attempt}".encode()
        self.attribution.request(operation, getattr(rpc, f"{operation}Request")(task_token=token))
        self.attribution.finished(token)

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
