"""One trial: one scenario under one plan, from a fresh slot to its evidence."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from harness.doors.wire.known_runs import KnownRun
from harness.errors import RigError, UsageError
from harness.records.activity_account import history_of_activity
from harness.records.evidence import End, Evidence, History
from harness.records.plan import Plan
from harness.records.scenario import Scenario, Start, Starter
from harness.temporal.task_queue import only_queue
from harness.trial.acceleration import declare
from harness.trial.crashes import history_of
from harness.trial.deadline import Bounds
from harness.trial.ending import TrialEnd
from harness.trial.lag import LagMeter
from harness.trial.made_up import made_up
from harness.trial.registry import WorkerRegistry
from harness.trial.rig import Rig
from harness.trial.sampling import Sampling
from harness.trial.stage import Stage, TrialStage, is_one_program, open_trial_stage, tasks_of

_STARTER_LIMIT = 60.0  # seconds for a program to start the work


async def run_trial(
    scenario: Scenario, *, plan: Plan, trial: str, rig: Rig, folder: Path, bounds: Bounds, cold: bool = True
) -> Evidence:
    """Run one trial and return its evidence.

    The story of a trial::

        1  a slot is taken, and the stage is put together in it: see ``harness.trial.stage``
        2  the worker starts, and polls
        3  the work begins: the workflow is started through the door or past it, and its first run is known
        4  messages pass the doors; the plan's strikes are made at their points, and healed
        5  the trial ends, whichever comes first: the workflow has closed and all is healed, the scenario says that the
           work is over, nothing can go on, or the time is up
        6  nothing is struck any more, and every worker process is ended; a server that is not back yet is started
        7  the histories of all runs are fetched: with the tape they are the evidence

    Args:
        scenario: The scenario.
        plan: Which strikes to make; none for a baseline.
        trial: Id of the trial.
        rig: What trials share.
        folder: Folder of this trial; logs go below it.
        bounds: How long it may take.
        cold: Whether every worker process is started cold; else it is forked where that comes to the same, as
            where another scenario of the run has shown how the program starts cold.

    Raises:
        UsageError: The scenario does not fit the worker (task queue, workflow type).
        KilledError: Somebody killed the worker, the server or the doors.
        RigError: The worker does not start, or the server does not answer.
    """
    async with open_trial_stage(
        scenario, plan=plan, trial=trial, rig=rig, folder=folder, task_timeout=bounds.task_timeout, cold=cold
    ) as place:
        stage = place.stage
        sampling = Sampling(stage.frontend, attribution=stage.attribution, tape=stage.tape)
        end = TrialEnd(
            place,
            bounds=bounds,
            is_baseline=not plan.strikes,
            may_exit=is_one_program(scenario),
            faults=plan.faults,
        )
        try:
            async with _beside(_lag_meter(place)):
                await _start_worker(place, one_program=is_one_program(scenario))
                await _begin(scenario, place=place, task_timeout=bounds.task_timeout)
                async with _beside(sampling):
                    how, reason = await _over(end, scenario, place=place, is_baseline=not plan.strikes)
                await sampling.look_once_more()
                place.driver.tell_unsent()
                await place.metrics.at_end()
                await _look_once_more(place)
                if not plan.strikes and how == "closed":
                    await end.look_at_what_was_sent()
                if not plan.strikes and cold:
                    await _try_next_version(place)
        finally:
            await stage.clear()
        await _server_is_there(place, plan=plan)
        await _look_once_more(place)
        await place.state.compare(stage.tape)
        return Evidence(
            trial=trial,
            scenario=scenario.name,
            plan=plan,
            end=how,
            end_reason=reason,
            expects_failure=scenario.fails,
            tape=tuple(stage.tape.entries),
            histories=tuple([history async for history in _histories(stage)]),
            samples=tuple(sampling.samples),
            gaps=tuple(place.coverage.gaps) if place.coverage else (),
            task_timeout=bounds.task_timeout,
            crashes=tuple(place.crash_copies.crashes),
            falls_back=scenario.falls_back,
            may_fail=scenario.expects.may_fail,
            made_up=made_up(scenario, stage.tape.entries),
            engine=rig.engine.name,
            skips_time=place.clock is not None,
            namespace=stage.frontend.namespace,
        )


async def _start_worker(place: TrialStage, *, one_program: bool) -> None:
    """Start the worker; from when the work may begin on, what it writes counts."""
    if not one_program:
        await place.stage.workers.start()
    if place.coverage:
        await place.coverage.begin(doors=place.door_ports)
    if one_program:
        await place.stage.workers.start()


async def _try_next_version(place: TrialStage) -> None:
    """Start the next version of the worker, where there is one, so that one which does not start is told at once."""
    workers = place.stage.workers
    if "next" not in workers.versions:
        return
    place.stage.registry.declare_dead(place.stage.registry.kill_now())
    try:
        await workers.look_in("next")
    except (RigError, UsageError) as error:
        raise UsageError(f"the next version does not start: {error}") from error


async def _server_is_there(place: TrialStage, *, plan: Plan) -> None:
    """Start the server that the plan killed, where the trial was over before it was back: nobody else would answer."""
    if any(fault.ends_server for fault in plan.faults) and not place.slot.server.alive:
        await place.slot.server.start()


async def _look_once_more(place: TrialStage) -> None:
    if place.coverage:
        await place.coverage.look()


async def _begin(scenario: Scenario, *, place: TrialStage, task_timeout: float) -> None:
    """Begin the work: all that crashproof starts itself, or the first execution that the user's program starts."""
    stage = place.stage
    if isinstance(scenario.work, Start):
        await place.beginning.start(task_queue=_queue(scenario, stage.registry), task_timeout=task_timeout)
        return
    if scenario.work.command:
        await place.driver.run_starter(place.worker.environment(0, address=stage.ports.address, slot=place.slot))
    await place.beginning.begun_by_program(await _first_execution(scenario.work, place=place))


def _queue(scenario: Scenario, registry: WorkerRegistry) -> str:
    """Return the task queue that the work is started on.

    Raises:
        UsageError: The scenario names none, and the worker polls several.
    """
    tasks = tasks_of(scenario)
    return only_queue(registry.queues_for(tasks), tasks=tasks) if tasks else scenario.task_queue


async def _over(end: TrialEnd, scenario: Scenario, *, place: TrialStage, is_baseline: bool) -> tuple[End, str]:
    """Wait for the end of the trial, and see once more that the work could be started on no other task queue.

    A worker may poll one queue after the other, and the work begin in between.
    """
    try:
        how = await end.wait()
    except UsageError:
        _queue(scenario, place.stage.registry)
        raise
    if is_baseline:
        _queue(scenario, place.stage.registry)
    return how


async def _first_execution(work: Starter, *, place: TrialStage) -> KnownRun:
    """Wait until the first run that the user's program starts is known."""
    stage, driver = place.stage, place.driver
    deadline = time.monotonic() + _STARTER_LIMIT
    wanted = f" {work.workflow!r}" if work.workflow else ""
    while time.monotonic() < deadline:
        ended = stage.workers.exited.is_set()  # looked at first: what it started is known by then
        if roots := stage.attribution.roots:
            return roots[0]
        process = stage.registry.process
        if ended and process and not work.command:
            raise RigError(
                f"the worker exited with status {process.exit_status} before it had started a workflow{wanted} through "
                "the door",
                log=process.log_tail(),
            )
        driver.starter_is_well()
        await stage.tape.changed(timeout=0.5)
    process = stage.registry.process
    raise RigError(
        f"no workflow{wanted} was started through the door within {_STARTER_LIMIT:g} s",
        log=driver.log_tail() or (process.log_tail() if process else ""),
    )


def _lag_meter(place: TrialStage) -> LagMeter:
    stage, server = place.stage, place.slot.server

    def worker() -> int:
        process = stage.registry.process
        return process.pid if process and process.alive else 0

    return LagMeter(stage.tape, worker=worker, server=lambda: server.pid if server.alive else 0)


@contextlib.asynccontextmanager
async def _beside(looking: Sampling | LagMeter) -> AsyncIterator[None]:
    task = asyncio.create_task(looking.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _histories(stage: Stage) -> AsyncIterator[History]:
    """Fetch the history of each run, those of the scenario's own chain first; of an activity what is said of it."""
    for run in sorted(stage.attribution.runs.values(), key=lambda run: not run.root):
        if run.is_activity:
            described = await stage.frontend.activity(activity_id=run.workflow_id, run_id=run.run_id)
            declare(described.info, run.first_task)
            yield history_of_activity(MessageToDict(described), path=run.path, root=run.root)
            continue
        events = await stage.frontend.history(workflow_id=run.workflow_id, run_id=run.run_id)
        yield replace(history_of(run), events=tuple(events))
