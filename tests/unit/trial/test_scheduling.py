"""A schedule starts the work as it was started: with its timeouts; that the server makes none is put on the tape."""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.workflowservice.v1 import CreateScheduleRequest, StartWorkflowExecutionRequest
from temporalio.service import RPCError, RPCStatusCode

from harness.doors.wire.attribution import Attribution
from harness.faults.client_actions import RunBySchedule
from harness.records.act_facts import ClientCall
from harness.records.tape import client_calls
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape
from harness.trial.scheduling import Scheduling


class Refusing:
    """A driver whose server takes no schedule, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.client = self.workflow_service = self
        self.asked: list[CreateScheduleRequest] = []

    async def create_schedule(self, request: CreateScheduleRequest) -> None:
        self.asked.append(request)
        raise RPCError("no schedules here", RPCStatusCode.UNIMPLEMENTED, b"")


async def never(*_: Any) -> None:
    raise AssertionError


async def test_the_runs_of_a_schedule_have_the_timeouts_of_the_work() -> None:
    driver, tape = Refusing(), LiveTape()
    scheduling = Scheduling(cast(Driver, driver), tape=tape, attribution=Attribution(), ended=never)
    start = StartWorkflowExecutionRequest(
        workflow_id="trip",
        workflow_type=WorkflowType(name="Trip"),
        workflow_task_timeout=Duration(seconds=2),
        workflow_run_timeout=Duration(seconds=60),
        workflow_execution_timeout=Duration(seconds=90),
    )
    await scheduling.run(RunBySchedule("skip"), start)
    (asked,) = driver.asked
    started = asked.schedule.action.start_workflow
    assert (started.workflow_id, started.workflow_type.name) == ("trip-scheduled", "Trip")
    timeouts = (started.workflow_task_timeout, started.workflow_run_timeout, started.workflow_execution_timeout)
    assert [timeout.seconds for timeout in timeouts] == [2, 60, 90]
    assert client_calls(tape.entries, "schedule") == [
        ClientCall(name="skip", args=[], workflow_id="trip", failure="RPCError: no schedules here")
    ]
