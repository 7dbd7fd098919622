"""Scheduling: a schedule starts the work twice, the second time while the first run of it is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.schedule.v1 import (
    Schedule,
    ScheduleAction,
    ScheduleInfo,
    SchedulePatch,
    SchedulePolicies,
    ScheduleSpec,
    TriggerImmediatelyRequest,
)
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DescribeScheduleRequest,
    PatchScheduleRequest,
    StartWorkflowExecutionRequest,
)
from temporalio.service import RPCError

from harness.doors.wire.attribution import Attribution
from harness.faults.client_actions import RunBySchedule
from harness.records.act_facts import ClientCall
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape

_OVERLAP = {
    "skip": ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_SKIP,
    "buffer one": ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
    "cancel other": ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER,
    "allow all": ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL,
}
_LOOK_EVERY = 0.02  # seconds: work that takes as long as two looks is still met by the second trigger
_TRIGGERS = 2

Ended = Callable[[str, str], Awaitable[None]]
"""Waits until a run has ended, given by its workflow id and its run id."""


class Scheduling:
    """Runs the work of one trial by a schedule, past the doors.

    Args:
        driver: Knows the server, and what is to be sent to each run.
        tape: Where is put down that it is done.
        attribution: Names the runs after the schedule.
        ended: Waits for the end of a run.
    """

    def __init__(self, driver: Driver, *, tape: LiveTape, attribution: Attribution, ended: Ended) -> None:
        self._driver = driver
        self._tape = tape
        self._attribution = attribution
        self._ended = ended

    async def run(self, action: RunBySchedule, start: StartWorkflowExecutionRequest) -> None:
        """Make a schedule of the work, trigger it twice, and wait until all that it starts has ended.

        Args:
            action: What is to be done with the second run while the first one is under way.
            start: The request by which the work was started.
        """
        schedule_id = f"{start.workflow_id}-scheduled"
        self._attribution.names_after(f"{schedule_id}-", f"{start.workflow_type.name}.scheduled")
        failure = ""
        try:
            await self._create(schedule_id, action, start)
        except RPCError as error:
            failure = f"RPCError: {error}"
        call = ClientCall(name=action.overlap, args=[], workflow_id=start.workflow_id, failure=failure)
        self._tape.note("schedule", facts=call)
        if not failure:
            await self._trigger_twice(schedule_id)
            await self._follow(schedule_id, action)

    async def _trigger_twice(self, schedule_id: str) -> None:
        """Trigger a schedule, and again when it has heeded that: it keeps but one trigger that it has yet to heed."""
        await self._trigger(schedule_id)
        while not (await self._described(schedule_id)).action_count:
            await asyncio.sleep(_LOOK_EVERY)
        await self._trigger(schedule_id, later=timedelta(seconds=1))

    async def _follow(self, schedule_id: str, action: RunBySchedule) -> None:
        """Send each run that the schedule starts what the work is sent, and wait until all have ended."""
        followed: dict[str, str] = {}
        decided = 0
        while decided < _TRIGGERS:
            info = await self._described(schedule_id)
            decided = info.action_count + info.overlap_skipped
            for begun in (each.start_workflow_result for each in info.recent_actions):
                if begun.run_id not in followed:
                    followed[begun.run_id] = begun.workflow_id
                    await self._driver.send_rest(begun.workflow_id, anew=True)
                    self._driver.is_free_to_skip(begun.workflow_id)
                    if action.overlap != "allow all":
                        await self._ended(begun.workflow_id, begun.run_id)
            await asyncio.sleep(_LOOK_EVERY)
        for run_id, workflow_id in followed.items():
            await self._ended(workflow_id, run_id)

    async def _create(self, schedule_id: str, action: RunBySchedule, start: StartWorkflowExecutionRequest) -> None:
        work = NewWorkflowExecutionInfo(
            workflow_id=schedule_id,
            workflow_type=start.workflow_type,
            task_queue=start.task_queue,
            input=start.input,
            workflow_task_timeout=start.workflow_task_timeout,
            workflow_run_timeout=start.workflow_run_timeout,
            workflow_execution_timeout=start.workflow_execution_timeout,
        )
        schedule = Schedule(
            spec=ScheduleSpec(),
            action=ScheduleAction(start_workflow=work),
            policies=SchedulePolicies(overlap_policy=_OVERLAP[action.overlap]),
        )
        request = CreateScheduleRequest(
            namespace=start.namespace,
            schedule_id=schedule_id,
            schedule=schedule,
            identity=start.identity,
            request_id=schedule_id,
        )
        await self._driver.client.workflow_service.create_schedule(request)

    async def _trigger(self, schedule_id: str, *, later: timedelta = timedelta()) -> None:
        """Trigger a schedule now; the workflow id of the run has the time in it that it is said to be due at."""
        namespace, due = self._driver.client.namespace, Timestamp()
        due.FromDatetime(datetime.now(UTC) + later)
        patch = SchedulePatch(trigger_immediately=TriggerImmediatelyRequest(scheduled_time=due))
        request = PatchScheduleRequest(namespace=namespace, schedule_id=schedule_id, patch=patch)
        await self._driver.client.workflow_service.patch_schedule(request)

    async def _described(self, schedule_id: str) -> ScheduleInfo:
        """Return what a schedule has done: the runs that it started, in order, and how often it did not start one."""
        request = DescribeScheduleRequest(namespace=self._driver.client.namespace, schedule_id=schedule_id)
        return (await self._driver.client.workflow_service.describe_schedule(request)).info
