"""One trial: one scenario under one plan, from a fresh slot to its evidence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc.aio

from harness.doors.wire.attribution import Attribution, KnownRun
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.proxy import WireProxy
from harness.doors.wire.serving import GrpcServer
from harness.errors import RigError, UsageError, nearest
from harness.processes.command import environment
from harness.records.act_facts import WorkStarted
from harness.records.evidence import Crash, End, Evidence, History, Sample
from harness.records.message_facts import ActivityFailed, WorkflowTaskFailed
from harness.records.plan import Plan
from harness.records.point import Point, matches, place_of
from harness.records.scenario import Scenario, Starter
from harness.records.tape import Entry
from harness.servers.clock import Clock, clock_of
from harness.servers.crash import copy_and_read
from harness.servers.frontend import Frontend
from harness.servers.overdue import waiting_for
from harness.trial.acceleration import Acceleration
from harness.trial.coverage import CoverageGaps
from harness.trial.deadline import Bounds
from harness.trial.dispatch import Dispatch
from harness.trial.driver import Driver
from harness.trial.nemesis import Nemesis
from harness.trial.slots import Rig, Slot
from harness.trial.start_request import Starting
from harness.trial.striking import Striking
from harness.trial.worker import WorkerProcesses

_SAMPLE_EVERY = 0.25  # seconds
_STARTER_LIMIT = 60.0  # seconds for a program to start the work
_WHOLE_LIMIT = 15.0  # seconds for a zombie to say its last words, or for a server to be back
_ANSWER_LIMIT = 3.0  # seconds for the answer to the message that closed the workflow


async def run_trial(
    scenario: Scenario, *, plan: Plan, trial: str, rig: Rig, folder: Path, bounds: Bounds, cold: bool = True
) -> Evidence:
    """Run one trial and return its evidence.

    Args:
        scenario: The scenario.
        plan: Which strikes to make; none for a baseline.
        trial: Id of the trial.
        rig: What trials share.
        folder: Folder of this trial; logs go below it.
        bounds: How long it may take.
        cold: Whether every worker process is started cold; else it is forked where that comes to the same.

    Raises:
        UsageError: The scenario does not fit the worker (task queue, workflow type).
        RigError: The worker does not start, or the server does not answer.
    """
    return await _Trial(scenario, plan=plan, trial=trial, rig=rig, folder=folder, bounds=bounds, cold=cold).run()


class _Trial:
    def __init__(
        self, scenario: Scenario, *, plan: Plan, trial: str, rig: Rig, folder: Path, bounds: Bounds, cold: bool
    ) -> None:
        self.scenario = scenario
        self.plan = plan
        self.trial = trial
        self.rig = rig
        self.logs = folder / "logs"
        self.bounds = bounds
        self.cold = cold
        self.nemesis = Nemesis(plan, listen=self._reached)
        self.attribution = Attribution()
        self.long_polls = LongPolls()
        self.samples: list[Sample] = []
        self.accelerates = not plan.real_time and not rig.engine.lacks("acceleration")
        self.skips_time = rig.engine.always_skips or (scenario.skips_time and rig.engine.skips_time)
        self.over = asyncio.Event()
        self.over_places: set[str] = set()
        self.crashes: list[Crash] = []
        self.meeting = Dispatch(nemesis=self.nemesis, attribution=self.attribution)
        self.workers: WorkerProcesses
        self.frontend: Frontend
        self.acceleration: Acceleration
        self.driver: Driver
        self.clock: Clock | None = None
        self.coverage: CoverageGaps | None = None

    async def run(self) -> Evidence:
        model = _beside(self.scenario, self.scenario.model)
        effects = _beside(self.scenario, self.scenario.effects)
        async with AsyncExitStack() as stack:
            slot = await stack.enter_async_context(
                self.rig.slot(
                    self.trial,
                    meet=self.meeting.http,
                    note=self.nemesis.note,
                    model=model,
                    effects=effects,
                    own_server=any(fault.ends_server for fault in self.plan.faults),
                )
            )
            self.frontend = await stack.enter_async_context(
                Frontend(address=slot.server.address, namespace=slot.namespace)
            )
            self.acceleration = Acceleration(self.frontend, note=self.nemesis.note)
            if self.skips_time:
                self.clock = await stack.enter_async_context(
                    clock_of(self.rig.engine, address=slot.server.address, namespace=slot.namespace)
                )
            starting = Starting(
                nemesis=self.nemesis, task_timeout=self.bounds.task_timeout, attaches=self.plan.strikes != ()
            )
            server = await stack.enter_async_context(GrpcServer(self.scenario.address))
            wire = WireProxy(
                server,
                upstream=slot.server.address,
                namespace=slot.namespace,
                attribution=self.attribution,
                decide=self.meeting.wire,
                sender=lambda port: self.workers.sender(port),
                rewrite=starting.rewrite,
                mend=self.acceleration.mend,
                lost=self.nemesis.lose,
                numbers=self.meeting.numbers,
                long_polls=self.long_polls,
            )
            await stack.enter_async_context(wire)
            self.driver = await stack.enter_async_context(
                Driver(self.scenario, slot=slot, nemesis=self.nemesis, logs=self.logs, clock=self.clock)
            )
            return await self._with_workers(slot, wire)

    async def _with_workers(self, slot: Slot, wire: WireProxy) -> Evidence:
        self.workers = WorkerProcesses(
            command=self.scenario.worker,
            environment=lambda number: self._environment(slot, wire, number),
            logs=self.logs,
            nemesis=self.nemesis,
            task_queue=self.scenario.task_queue,
            recover=self._recover,
            strict=not _is_one_program(self.scenario),
            fork_servers=None if self.cold else self.rig.fork_servers,
        )
        if not self.plan.strikes:
            self.coverage = CoverageGaps(doors={int(wire.address.rpartition(":")[2]), slot.http_port}, own=self.logs)
        self.meeting.workers = self.workers
        self.nemesis.empower(self._striking(slot))
        try:
            await self.workers.start()
            root = await self._begin(self._environment(slot, wire, 0))
            end, reason = await self._until_end(root)
        finally:
            self.nemesis.finish()
            await self.workers.stop()
        return await self._collect(end, reason)

    def _environment(self, slot: Slot, wire: WireProxy, worker: int) -> dict[str, str]:
        return environment(
            {
                "TEMPORAL_ADDRESS": wire.address,
                "TEMPORAL_NAMESPACE": "default",
                **({"TEMPORAL_TASK_QUEUE": self.scenario.task_queue} if self.scenario.task_queue else {}),
                **slot.environment(worker),
                **self.scenario.env,
            }
        )

    def _striking(self, slot: Slot) -> Striking:
        async def crashed() -> None:
            assert slot.server.database is not None
            runs = tuple(_history_of(run) for run in self.attribution.runs.values())
            folder = self.logs.parent / "crashes" / f"{len(self.crashes) + 1}"
            self.crashes.append(
                await asyncio.to_thread(copy_and_read, slot.server.database, folder=folder, at=time.time(), runs=runs)
            )

        return Striking(
            workers=self.workers,
            nemesis=self.nemesis,
            recover_task=self._recover_task,
            recover_unheard=self._recover_unheard,
            server=slot.server,
            crashed=crashed,
            answer=self.meeting.answer,
        )

    async def _begin(self, env: dict[str, str]) -> KnownRun:
        """Begin the work, and return the first run of its chain."""
        task_queue = self.scenario.task_queue or next(iter(sorted(self.workers.polled)), "")
        if not isinstance(self.scenario.work, Starter):
            workflow_id, run_id = await self.driver.start(task_queue=task_queue, task_timeout=self.bounds.task_timeout)
            workflow = self.scenario.work.workflow
            self.attribution.started(workflow=workflow, workflow_id=workflow_id, run_id=run_id)
        elif self.scenario.work.command:
            await self.driver.run_starter(env)
        root = await self._root()
        begun = WorkStarted(workflow=root.path, workflow_id=root.workflow_id, run_id=root.run_id)
        self.nemesis.note("start", facts=begun)
        await self.driver.send_at_start(root.workflow_id)
        return root

    async def _root(self) -> KnownRun:
        deadline = time.monotonic() + _STARTER_LIMIT
        while time.monotonic() < deadline:
            wanted = self.scenario.work.workflow
            for run in self.attribution.roots:
                if wanted in ("", run.path):
                    return run
            self.driver.starter_is_well()
            await self.nemesis.changed(timeout=0.5)
        raise RigError(
            f"no workflow{' ' + repr(wanted) if wanted else ''} was started through the door within "
            f"{_STARTER_LIMIT:g} s",
            log=self.driver.log_tail() or (self.workers.process.log_tail() if self.workers.process else ""),
        )

    async def _until_end(self, root: KnownRun) -> tuple[End, str]:
        watching = [
            asyncio.create_task(self._closed(root), name="closed"),
            asyncio.create_task(self.over.wait(), name="over"),
            asyncio.create_task(self._broken(), name="broken"),
        ]
        sampling = asyncio.create_task(self._sample())
        try:
            done, _ = await asyncio.wait(watching, timeout=self.bounds.limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*watching, sampling):
                task.cancel()
            await asyncio.gather(*watching, sampling, return_exceptions=True)
        if not done:
            late = f"not over {self.bounds.limit:.0f} s after the work began"
            return "deadline", f"{late}; {await self._waiting_for(root)}" if self.clock else late
        first = min(done, key=watching.index)
        reason = first.result()
        if first is watching[1]:
            self.nemesis.note("over")
            return "over", ""
        return ("closed", "") if first is watching[0] else ("stopped", str(reason))

    async def _waiting_for(self, root: KnownRun) -> str:
        assert self.clock is not None
        return (await waiting_for(self.clock, root.workflow_id)).replace("\n", "; ")

    async def _closed(self, root: KnownRun) -> None:
        """Wait until the whole chain has closed: continued runs are followed."""
        run_id = root.run_id
        while run_id:
            event = await self.frontend.close_event(workflow_id=root.workflow_id, run_id=run_id)
            attributes = getattr(event, event.WhichOneof("attributes"))
            run_id = getattr(attributes, "new_execution_run_id", "")
        await self._answered()
        await self.nemesis.whole(timeout=_WHOLE_LIMIT)

    async def _answered(self) -> None:
        """Wait for the answer to the message that closed the workflow: the news of the close may overtake it.

        A strike after that message would otherwise be made or not made by chance.
        """
        deadline = time.monotonic() + _ANSWER_LIMIT
        while self.nemesis.unanswered("RespondWorkflowTaskCompleted") and time.monotonic() < deadline:
            await self.nemesis.changed(timeout=0.2)

    async def _broken(self) -> str:
        """Wait until the trial cannot go on, and say why."""
        looked = 0
        while True:
            failure = self.nemesis.failure or self.rig.failure
            if failure:
                raise failure
            for entry in self.nemesis.tape[looked:]:
                _must_be_registered(entry)
            looked = len(self.nemesis.tape)
            process = self.workers.process
            if self.workers.exited.is_set() and process and (process.exit_status or not _is_one_program(self.scenario)):
                log = process.log_tail(8)
                if not self.plan.strikes:
                    raise RigError(f"the worker exited by itself with status {process.exit_status}", log=log)
                return f"the worker exited by itself with status {process.exit_status}: {log.strip()[-400:]}"
            await self.nemesis.changed(timeout=1.0)

    async def _sample(self) -> None:
        while True:
            for run in list(self.attribution.runs.values()):
                await self._sample_run(run)
            if self.coverage and self.workers.process:
                await asyncio.to_thread(self.coverage.look, self.workers.process.pid)
            await asyncio.sleep(_SAMPLE_EVERY)

    async def _sample_run(self, run: KnownRun) -> None:
        try:
            pending = await self.frontend.pending_activities(workflow_id=run.workflow_id, run_id=run.run_id)
        except grpc.aio.AioRpcError:
            return
        if pending:
            self.samples.append(
                Sample(at=time.time(), workflow_id=run.workflow_id, run_id=run.run_id, pending=tuple(pending))
            )

    async def _recover(self, worker: int) -> None:
        self.long_polls.cut_off(worker)
        if not self.workers.is_zombie(worker):
            self.attribution.worker_died(worker)
        if not self.accelerates:
            return
        await self.acceleration.recover(executions=self._executions(), worker=worker)

    async def _recover_unheard(self, worker: int) -> None:
        if self.accelerates:
            await self.acceleration.recover_unheard(
                executions=self._executions(), in_hand=self.attribution.in_hand, worker=worker
            )

    def _executions(self) -> list[tuple[str, str]]:
        return [(run.workflow_id, run.run_id) for run in self.attribution.runs.values()]

    async def _recover_task(self, entry: Entry, *, running: bool = False) -> None:
        if self.accelerates:
            await self.acceleration.recover_activity(
                workflow_id=entry.workflow_id,
                run_id=entry.run_id,
                activity_id=entry.activity_id,
                worker=entry.worker,
                running=running,
            )

    async def _reached(self, point: Point) -> None:
        over = self.scenario.over
        if over and matches(point.id, over.point):
            self.over_places.add(place_of(point.id))
            if len(self.over_places) >= over.times:
                self.over.set()
        await self.driver.send_at(point, workflow_ids=[run.workflow_id for run in self.attribution.roots])

    async def _collect(self, end: End, reason: str) -> Evidence:
        roots = [run for run in self.attribution.runs.values() if run.root]
        others = [run for run in self.attribution.runs.values() if not run.root]
        histories = [
            _history_of(run, await self.frontend.history(workflow_id=run.workflow_id, run_id=run.run_id))
            for run in (*roots, *others)
        ]
        return Evidence(
            trial=self.trial,
            scenario=self.scenario.name,
            plan=self.plan,
            end=end,
            end_reason=reason,
            expects_failure=self.scenario.fails,
            tape=tuple(self.nemesis.tape),
            histories=tuple(histories),
            samples=tuple(self.samples),
            gaps=tuple(self.coverage.gaps) if self.coverage else (),
            task_timeout=self.bounds.task_timeout,
            crashes=tuple(self.crashes),
            falls_back=self.scenario.falls_back,
            engine=self.rig.engine.name,
            skips_time=self.skips_time,
        )


def _history_of(run: KnownRun, events: Sequence[dict[str, Any]] = ()) -> History:
    return History(workflow_id=run.workflow_id, run_id=run.run_id, path=run.path, root=run.root, events=tuple(events))


def _beside(scenario: Scenario, name: str) -> Path | None:
    """Return the path of a file named by a scenario, relative to the scenario's own file."""
    if not name:
        return None
    path = (Path(scenario.file).parent / name).resolve()
    if not path.is_file():
        raise UsageError(f"{scenario.name} names {name!r}, but there is no file {path}")
    return path


def _is_one_program(scenario: Scenario) -> bool:
    return isinstance(scenario.work, Starter) and not scenario.work.command


def _must_be_registered(entry: Entry) -> None:
    """Raise when a worker says that it does not know a workflow or activity type: no strike is to blame for that."""
    if not isinstance(entry.facts, WorkflowTaskFailed | ActivityFailed) or entry.kind != "request":
        return
    message = entry.facts.failure.message
    if "is not registered" not in message:
        return
    kind = "workflow" if entry.operation == "RespondWorkflowTaskFailed" else "activity"
    known = [word.strip(" '\"") for word in message.rpartition(":")[2].split(",")]
    asked = message.partition("class ")[2].partition(" ")[0] if kind == "workflow" else ""
    raise UsageError(f"the worker has no such {kind}: {message}{nearest(asked, known) if asked else ''}")
