"""The stage: the one place where the parts of a trial are put together, for trials and for the fixtures of pytest.

Each part is given those that were made before it, and none learns of a later one::

    tape · attribution · registry · long polls · answers    plain objects that ask nobody
    frontend ─▶ acceleration ─▶ recovery                    frees the work of a lost worker process
    ports of the wire door                                  answering nobody yet
    workers       knows the ports, and recovery             starts one process after the other
    striker       knows workers, recovery and the server    carries faults out
    nemesis       knows the striker                         decides what is struck
    dispatch      knows the nemesis and attribution         what both kinds of doors ask
    wire proxy    knows the dispatch, and answers the ports from here on a worker process can be started

The circle of the world (a worker process sends a message, the message is struck, the strike starts a worker process)
is so no circle of objects: processes know the address of a port, not who answers there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.doors.wire.attribution import Attribution
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.proxy import Execute, WireProxy, send_it
from harness.doors.wire.serving import Refused
from harness.doors.wire.worker_ports import WorkerPorts
from harness.processes.command import command_words
from harness.records.act_facts import DoorNotice
from harness.records.plan import Plan
from harness.records.point import Point
from harness.records.scenario import Scenario, Start, Starter
from harness.servers.clock import Clock, clock_of
from harness.servers.frontend import Frontend
from harness.trial.acceleration import Acceleration
from harness.trial.beginning import Beginning
from harness.trial.client_acts import ClientActs, withholds
from harness.trial.code_change import heard_as_first
from harness.trial.coverage import CoverageGaps, coverage_of
from harness.trial.crashes import CrashCopies
from harness.trial.dispatch import Dispatch
from harness.trial.driver import Driver
from harness.trial.executing import executing, forward_proxy
from harness.trial.fixed_address import telling_fixed_address
from harness.trial.live_tape import LiveTape
from harness.trial.metrics import MetricsScraping
from harness.trial.nemesis import Listener, Nemesis
from harness.trial.next_version import next_version
from harness.trial.recovery import BackgroundRecovery, Recovery
from harness.trial.registry import Tasks, WorkerRegistry
from harness.trial.rig import Rig, Slot
from harness.trial.script_files import script_files
from harness.trial.state import State, kept_state
from harness.trial.striking import Striking
from harness.trial.worker import Recover, WorkerProcesses
from harness.trial.worker_setup import WorkerSetup


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One worker behind its doors, with all that watches, strikes and heals it.

    Attributes:
        ports: Where its processes and the user's own starter find Temporal: those of the wire door.
        tape: What has happened so far.
        attribution: Which runs there are, and whose each message is.
        registry: Its processes.
        workers: Starts its processes.
        long_polls: Their long polls that are under way.
        nemesis: Decides what is struck.
        dispatch: What the HTTP doors ask, too.
        frontend: The server itself, past the door.
    """

    ports: WorkerPorts
    tape: LiveTape
    attribution: Attribution
    registry: WorkerRegistry
    workers: WorkerProcesses
    long_polls: LongPolls
    nemesis: Nemesis
    dispatch: Dispatch
    frontend: Frontend

    async def clear(self) -> None:
        """Strike no more, and end every worker process; histories can still be fetched."""
        await self.nemesis.finish()
        await self.workers.stop()


@asynccontextmanager
async def open_stage(
    slot: Slot,
    *,
    worker: WorkerSetup,
    tape: LiveTape,
    attribution: Attribution,
    accelerates: bool,
    unrecovered: Callable[[str], None] | None = None,
    plan: Plan | None = None,
    listen: Listener | None = None,
    execute: Execute = send_it,
    crashed: Callable[[], Awaitable[None]] | None = None,
    registry: WorkerRegistry | None = None,
    client: ClientActs | None = None,
) -> AsyncIterator[Stage]:
    """Put a stage together in a slot; at its end no worker process is left.

    Args:
        slot: The namespace and the HTTP doors.
        worker: How the worker is started. Nothing is started yet.
        tape: Where all is put down.
        attribution: Learns whose each message is.
        accelerates: Whether the timeouts of a lost process happen at once, and not when they are due.
        unrecovered: Given, a next process counts as started though what waited for the one before may not be free
            yet, which may take until the next attempts run; called with the reason if it cannot be freed.
        plan: The strikes to make; None: none.
        listen: Called with each point while its message is held.
        execute: Executes each request; may change it before, or answer it in another way.
        crashed: Called between the death of the server and its next start.
        registry: Learns of the worker processes, where somebody outside the stage asks it, too.
        client: Plays those around the workflow, where there is a scenario.

    Raises:
        UsageError: The worker's fixed address is taken, or its command is none.
    """
    registry, long_polls, answers = registry or WorkerRegistry(), LongPolls(), dict[int, str]()
    async with AsyncExitStack() as stack:
        frontend = await stack.enter_async_context(Frontend(address=slot.server.address, namespace=slot.namespace))
        acceleration = Acceleration(frontend, note=tape.note)
        hurried = acceleration if accelerates else None
        recovery = Recovery(attribution, workers=registry, long_polls=long_polls, acceleration=hurried)
        sender = telling_fixed_address(worker.address, given=worker.given, registry=registry, tape=tape)
        ports = await stack.enter_async_context(worker.ports(sender, refused=_telling(tape)))
        recover = recovery.recover
        if unrecovered:
            background = BackgroundRecovery(recovery, failed=unrecovered)
            recover = (await stack.enter_async_context(background)).recover
        workers = _workers(worker, registry=registry, ports=ports, slot=slot, tape=tape, recover=recover)
        striker = _striking(
            workers, slot=slot, tape=tape, recovery=recovery, answers=answers, crashed=crashed, client=client
        )
        nemesis = Nemesis(plan or Plan(), tape=tape, workers=registry, striker=striker, listen=listen)
        dispatch = Dispatch(nemesis, attribution=attribution, workers=registry, answers=answers)
        proxy = WireProxy(
            ports,
            upstream=slot.server.address,
            namespace=slot.namespace,
            attribution=attribution,
            decide=dispatch.wire,
            numbers=dispatch.numbers,
            long_polls=long_polls,
            execute=execute,
            mend=acceleration.mend,
            lost=nemesis.lose,
        )
        await stack.enter_async_context(proxy)
        stage = Stage(
            ports=ports,
            tape=tape,
            attribution=attribution,
            registry=registry,
            workers=workers,
            long_polls=long_polls,
            nemesis=nemesis,
            dispatch=dispatch,
            frontend=frontend,
        )
        stack.push_async_callback(stage.clear)
        yield stage


def _telling(tape: LiveTape) -> Refused:
    """Return what puts refused calls on the tape: without them the worker may have got no further."""
    return lambda refused: tape.note("notice", facts=DoorNotice(text=refused, unserved=True))


def _workers(
    worker: WorkerSetup, *, registry: WorkerRegistry, ports: WorkerPorts, slot: Slot, tape: LiveTape, recover: Recover
) -> WorkerProcesses:
    async def environment_of(number: int) -> dict[str, str]:
        return worker.environment(number, address=await ports.address_of(number), slot=slot)

    return WorkerProcesses(
        registry,
        command=worker.command,
        environment=environment_of,
        logs=worker.logs,
        tape=tape,
        task_queue=worker.task_queue,
        tasks=worker.tasks,
        recover=recover,
        strict=worker.strict,
        fork_servers=worker.fork_servers,
        next_version=worker.next_version,
    )


def _striking(workers: WorkerProcesses, *, slot: Slot, **known: Any) -> Striking:
    return Striking(workers, server=slot.server, addresses=slot.addresses, **known)


@dataclass(frozen=True, kw_only=True)
class TrialStage:
    """A stage with a scenario on it: everything that one trial needs, in a slot of its own.

    Attributes:
        slot: The slot.
        stage: The worker and its doors.
        worker: How the worker is started.
        driver: Sends what the scenario sends.
        beginning: Starts the work.
        clock: The workflow's time; None: it passes as it does.
        crash_copies: Copies of the server's database, one for each time that it was killed.
        state: The state that the scenario names.
        metrics: Scrapes what the worker processes serve to Prometheus.
        coverage: Looks for what leaves the worker past the doors, where nothing is struck; else None.
    """

    slot: Slot
    stage: Stage
    worker: WorkerSetup
    driver: Driver
    beginning: Beginning
    clock: Clock | None
    crash_copies: CrashCopies
    state: State
    metrics: MetricsScraping
    coverage: CoverageGaps | None

    def door_ports(self) -> set[int]:
        """Return the ports of the doors; each worker process has one of its own."""
        proxy = {urlsplit(self.worker.env["HTTP_PROXY"]).port or 0} if "HTTP_PROXY" in self.worker.env else set[int]()
        return self.stage.ports.opened | {self.slot.addresses.port} | proxy


def _setup(scenario: Scenario, *, rig: Rig, folder: Path, cold: bool) -> WorkerSetup:
    return WorkerSetup(
        command=scenario.worker,
        logs=folder / "logs",
        task_queue=scenario.task_queue,
        tasks=tasks_of(scenario),
        env=scenario.env,
        next_version=next_version(scenario, folder=rig.folder),
        address=scenario.address,
        tls=scenario.tls,
        strict=not is_one_program(scenario),
        fork_servers=rig.forking(scenario, cold=cold),
    )


@asynccontextmanager
async def open_trial_stage(
    scenario: Scenario, *, plan: Plan, trial: str, rig: Rig, folder: Path, task_timeout: float, cold: bool
) -> AsyncIterator[TrialStage]:
    """Take a slot for a trial, and put together in it what the scenario and the plan ask for.

    Args:
        scenario: The scenario.
        plan: The strikes to make.
        trial: Id of the trial.
        rig: What trials share.
        folder: Folder of this trial.
        task_timeout: Workflow task timeout in seconds for a start that declares none; 0: the server's own.
        cold: Whether every worker process is started cold, unless another scenario has shown how.

    Raises:
        UsageError: The scenario names a file that is not there, or an address that is taken.
        KilledError, RigError: The server does not answer; it or the doors are lost, be it later.
    """
    tape, registry, attribution = LiveTape(), WorkerRegistry(), _attribution_of(scenario)
    worker = _setup(scenario, rig=rig, folder=folder, cold=cold)
    async with AsyncExitStack() as stack:
        slot = await stack.enter_async_context(_slot(scenario, plan=plan, trial=trial, rig=rig))
        stack.enter_context(rig.watched(trial, tape))
        name = slot.namespace
        state = await stack.enter_async_context(
            kept_state(scenario.states_of(name), locks=rig.state_locks, kept=folder / "state before", trial=name)
        )
        clock = await stack.enter_async_context(_clock(scenario, rig=rig, slot=slot))
        one_program = is_one_program(scenario)
        execute = await stack.enter_async_context(
            executing(scenario, rig=rig, slot=slot, tape=tape, task_timeout=task_timeout, one_program=one_program)
        )
        execute = heard_as_first(execute) if any(fault.changes_code for fault in plan.faults) else execute
        driver = Driver(
            scenario, slot=slot, tape=tape, attribution=attribution, logs=worker.logs, clock=clock, late=withholds(plan)
        )
        coverage = None
        if not plan.strikes:
            coverage = coverage_of(scenario, slot=slot, rig=rig, folder=folder, workers=registry, tape=tape)
            stack.callback(coverage.close)
        metrics = MetricsScraping(plan, tape=tape, worker=lambda: registry.number, address=slot.addresses.metrics)
        crash_copies = CrashCopies(slot.server.database, folder=folder / "crashes", attribution=attribution)
        proxy = await stack.enter_async_context(forward_proxy(scenario, slot=slot, workers=registry))
        worker = replace(worker, env={**worker.env, **proxy})
        stage = await stack.enter_async_context(
            open_stage(
                slot,
                worker=worker,
                tape=tape,
                attribution=attribution,
                accelerates=not plan.real_time and not rig.engine.lacks("acceleration"),
                plan=plan,
                listen=_listener(driver, coverage, metrics),
                execute=execute,
                crashed=crash_copies.copy,
                registry=registry,
                client=ClientActs(driver, tape=tape, attribution=attribution),
            )
        )
        await stack.enter_async_context(driver)
        if cold and not plan.strikes:
            rig.warm(command_words(worker.command), env=worker.environment(1, address=stage.ports.address, slot=slot))
        stack.enter_context(slot.leading(decide=stage.dispatch.http, note=tape.note))
        yield TrialStage(
            slot=slot,
            stage=stage,
            worker=worker,
            driver=driver,
            beginning=Beginning(scenario, driver=driver, tape=tape, attribution=attribution),
            clock=clock,
            crash_copies=crash_copies,
            state=state,
            metrics=metrics,
            coverage=coverage,
        )


def _listener(driver: Driver, coverage: CoverageGaps | None, metrics: MetricsScraping) -> Listener:
    async def listen(point: Point) -> None:
        if coverage:
            await coverage.look(point)
        await driver.reached(point)
        await metrics.reached(point)

    return listen


@asynccontextmanager
async def _slot(scenario: Scenario, *, plan: Plan, trial: str, rig: Rig) -> AsyncIterator[Slot]:
    """Take a slot for a trial, which ends when the server or the doors are lost."""
    model, effects = script_files(scenario)
    own_server = any(fault.ends_server for fault in plan.faults) or scenario.name in rig.alone
    opened = rig.slot(trial, model=model, effects=effects, own_server=own_server, faults=plan.faults)
    async with opened as slot, slot.unless_lost():
        yield slot


@asynccontextmanager
async def _clock(scenario: Scenario, *, rig: Rig, slot: Slot) -> AsyncIterator[Clock | None]:
    if not (rig.engine.always_skips or (scenario.skips_time and rig.engine.skips_time)):
        yield None
        return
    async with clock_of(rig.engine, address=slot.server.address, namespace=slot.namespace) as clock:
        yield clock


def tasks_of(scenario: Scenario) -> Tasks | None:
    """Return for which tasks its worker must poll a task queue where the scenario names none; None: any will do."""
    if scenario.task_queue or not isinstance(scenario.work, Start):
        return None
    return "activity" if scenario.is_activity else "workflow"


def is_one_program(scenario: Scenario) -> bool:
    """Tell whether the worker starts the work itself, so that it may end by itself when the work is done."""
    return isinstance(scenario.work, Starter) and not scenario.work.command


def _attribution_of(scenario: Scenario) -> Attribution:
    """Return what learns whose the messages of a scenario are."""
    if not isinstance(scenario.work, Starter):
        return Attribution(begins_at_door=False, in_sequence=scenario.work.in_sequence)
    return Attribution(begins_with=scenario.work.workflow, by_starter=scenario.work.command != "")
