"""The beginning of the work: its executions are started past the doors, all at once or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio.exceptions import WorkflowAlreadyStartedError

from harness.doors.wire.attribution import Attribution
from harness.doors.wire.known_runs import KnownRun
from harness.errors import UsageError
from harness.records.act_facts import WorkStarted
from harness.records.scenario import Scenario, Start
from harness.trial.activity_start import begin_activity, start_of_activity
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape


class Beginning:
    """Starts the executions of one trial that crashproof starts itself, and sends what is to be sent right then.

    Args:
        scenario: What is started.
        driver: Sends, and knows the server.
        tape: Where is put down what began.
        attribution: Learns the runs.
    """

    def __init__(self, scenario: Scenario, *, driver: Driver, tape: LiveTape, attribution: Attribution) -> None:
        self._work = scenario.work
        self._driver = driver
        self._tape = tape
        self._attribution = attribution
        self._to_start = list(scenario.work.executions.items()) if isinstance(scenario.work, Start) else []
        self._task_queue = ""
        self._task_timeout: timedelta | None = None

    async def start(self, *, task_queue: str, task_timeout: float) -> None:
        """Start every execution of the scenario's workflow, or the first of them where they come one after the other.

        Args:
            task_queue: Task queue to start them on.
            task_timeout: Workflow task timeout in seconds; 0: the server's own.

        Raises:
            UsageError: A workflow with that id is open already.
        """
        assert isinstance(self._work, Start)
        self._task_queue = task_queue
        self._task_timeout = timedelta(seconds=task_timeout) if task_timeout else None
        if self._work.in_sequence:
            await self.start_next()
            return
        begun = [await self._start(workflow_id, arguments) for workflow_id, arguments in self._to_start]
        self._to_start.clear()
        await self._begun(begun)

    async def start_next(self) -> None:
        """Start the execution that comes after those which have ended, if there is one."""
        if self._to_start:
            await self._begun([await self._start(*self._to_start.pop(0))])

    async def begun_by_program(self, root: KnownRun) -> None:
        """Send what is to be sent at the start of an execution that a program of the user's has started."""
        await self._begun([root])

    async def _start(self, workflow_id: str, arguments: Sequence[Any]) -> KnownRun:
        assert isinstance(self._work, Start)
        workflow, activity = self._work.workflow, self._work.activity
        self._attribution.starts(workflow=workflow, workflow_id=workflow_id)
        if activity:
            start = start_of_activity(workflow, arguments, declared=activity, id=workflow_id, queue=self._task_queue)
            run_id = await begin_activity(self._driver.client, start)
        else:
            run_id = await self._start_workflow(self._work, workflow_id, arguments)
        known = {"workflow": workflow, "workflow_id": workflow_id, "run_id": run_id}
        self._attribution.started(**known, is_activity=activity is not None)
        return self._attribution.runs[run_id]

    async def _start_workflow(self, work: Start, workflow_id: str, arguments: Sequence[Any]) -> str:
        run_timeout, execution_timeout = work.run_timeout, work.execution_timeout
        try:
            handle = await self._driver.client.start_workflow(
                work.workflow,
                args=list(arguments),
                id=workflow_id,
                task_queue=self._task_queue,
                task_timeout=self._task_timeout,
                run_timeout=timedelta(seconds=run_timeout) if run_timeout else None,
                execution_timeout=timedelta(seconds=execution_timeout) if execution_timeout else None,
            )
        except WorkflowAlreadyStartedError as error:
            raise UsageError(
                f"the workflow id {workflow_id!r} is in use: the worker's own program has started it. Let it do so "
                "(--one-program, in a scenario started_by_worker()), or give another one (--id, start(id=...))"
            ) from error
        return handle.first_execution_run_id or ""

    async def _begun(self, roots: Sequence[KnownRun]) -> None:
        for root in roots:
            facts = WorkStarted(workflow=root.path, workflow_id=root.workflow_id, run_id=root.run_id)
            self._tape.note("start", facts=facts)
        for root in roots:
            await self._driver.send_at_start(root.workflow_id)
