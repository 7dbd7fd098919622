"""Resetting: a run of the work is taken back to one of its workflow tasks, and another run goes on from there."""

from __future__ import annotations

import asyncio

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.service import RPCError

from harness.doors.wire.attribution import Attribution
from harness.doors.wire.known_runs import KnownRun
from harness.errors import RigError
from harness.records.act_facts import ClientCall
from harness.records.tape import Entry
from harness.temporal import event as events
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape


class Resetting:
    """Resets runs of the work of one trial, past the doors.

    The story of a reset: while the message is held, the workflow task is noted that was completed last. Then it is
    reset to, at once or when ``run`` asks for it; the new run begins with all that had been recorded until then, and
    signals that came later are sent to it anew by the server. Time skips in it as in the one that was reset.

    Args:
        driver: Knows the server, and what is still to be sent.
        tape: Where the reset is put down.
        attribution: Learns that the next run takes the place of another.
    """

    def __init__(self, driver: Driver, *, tape: LiveTape, attribution: Attribution) -> None:
        self._driver = driver
        self._tape = tape
        self._attribution = attribution
        self._noted: dict[int, asyncio.Future[tuple[KnownRun, int]]] = {}
        self._made: dict[int, str] = {}

    async def while_held(self, entry: Entry, workflow_id: str, *, at_once: bool) -> None:
        """Note which workflow task of an execution was completed last, and reset to it if that is to be at once."""
        runs = [run for run in self._attribution.runs.values() if run.workflow_id == workflow_id]
        run = next((run for run in runs if run.run_id == entry.run_id), runs[-1])
        to = await self._last_completed(run)
        if at_once:
            self._made[entry.message] = await self._reset(run, to)
        self._note(entry).set_result((run, to))

    async def run(self, entry: Entry) -> str:
        """Reset what is not reset yet; return the id of the run that took its place, empty where none did."""
        run, to = await self._note(entry)
        if entry.message not in self._made:
            self._made[entry.message] = await self._reset(run, to)
        return self._made[entry.message]

    def _note(self, entry: Entry) -> asyncio.Future[tuple[KnownRun, int]]:
        return self._noted.setdefault(entry.message, asyncio.get_running_loop().create_future())

    async def _last_completed(self, run: KnownRun) -> int:
        """Return the id of the event with which the last workflow task of a run was completed.

        Raises:
            RigError: None was.
        """
        handle = self._driver.client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
        history = (await handle.fetch_history()).to_json_dict()["events"]
        completed = [events.number(event) for event in history if events.kind(event) == "WORKFLOW_TASK_COMPLETED"]
        if not completed:
            raise RigError(f"{run.path} cannot be reset: it has completed no workflow task")
        return completed[-1]

    async def _reset(self, run: KnownRun, to: int) -> str:
        self._attribution.resets.begins(run)
        request = ResetWorkflowExecutionRequest(
            namespace=self._driver.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id),
            reason="crashproof: reset",
            workflow_task_finish_event_id=to,
            request_id=f"reset-{run.run_id}-{to}",
            identity=self._driver.client.identity,
        )
        new, failure = "", ""
        try:
            new = (await self._driver.client.workflow_service.reset_workflow_execution(request)).run_id
        except RPCError as error:
            self._attribution.resets.is_refused(run)
            failure = f"{type(error).__name__}: {error}"
        call = ClientCall(name=f"to event {to}", args=[], workflow_id=run.workflow_id, failure=failure)
        self._tape.note("reset", facts=call)
        self._driver.is_free_to_skip(run.workflow_id)
        return new
