"""Sweeps of several scenarios on one rig, in one folder, with one limit on trials at a time."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import grpc.aio
from temporalio.service import RPCError

from harness import faults
from harness.checks import Check, chosen
from harness.errors import RigError, UsageError, first_error
from harness.processes.ports import loopback_addresses
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.servers.candidates import Binary
from harness.sweeps.pace import keep_pace
from harness.sweeps.places import SweepPlaces
from harness.sweeps.plans import why_inapplicable
from harness.sweeps.sweep import Sweep
from harness.sweeps.turns import Turns
from harness.trial.doing import doing, waits
from harness.trial.rig import Rig
from harness.trial.trial import run_trial

TRIALS_A_SERVER = 50
"""After so many trials those to come get another server: it needs more for each, the more it has served."""

_TELL_EVERY = 1.0  # seconds
_NAMED = 2  # of the trials under way, where they are named in one line
_LOOK_EVERY = 1.0  # seconds
_LEAST_ROOM = 128 * 1024  # bytes: less than what the database grows by at once


async def sweep_all(
    scenarios: Sequence[Scenario],
    *,
    binary: Binary,
    folder: Path,
    turns: Turns,
    options: SweepOptions,
    tell: Callable[[News], None],
    keep: Callable[[SweepResult], None] = lambda result: None,
) -> list[SweepResult]:
    """Sweep scenarios, several at a time, and return what each came to, in their order.

    A scenario that cannot be swept (its worker does not start) ends alone: the others go on.

    Args:
        scenarios: The scenarios.
        binary: The server binary of the engine.
        folder: Folder of the run.
        turns: Gives trials their turn, over all scenarios.
        options: How each is run.
        tell: Called with what happens.
        keep: Called with what a scenario came to: so far, whenever it knows more points, and at its end.

    Raises:
        UsageError: A check or fault that a scenario names does not exist, or its worker's fixed address is none of this
            machine; said before anything is started.
        UsageError, RigError: There is one scenario alone, and it cannot be swept.
    """
    judged = [
        chosen(scenario.checks, skip=scenario.skip_checks, also=scenario.expects.checks) for scenario in scenarios
    ]
    for scenario in scenarios:
        faults.chosen(scenario.faults)
        if scenario.address:
            loopback_addresses(scenario.address)
    alone = len(scenarios) == 1
    many = len({scenario.work.modules for scenario in scenarios}) > 1
    async with (
        rig_for(options, binary=binary, folder=folder / "rig", many=many) as rig,
        _telling(turns, rig, tell),
        asyncio.TaskGroup() as group,
    ):
        tasks = []
        pace = keep_pace(turns, waits=functools.partial(only_waits, [rig]))
        beside = [group.create_task(pace), group.create_task(_until_full(folder))]
        for scenario, checks in zip(scenarios, judged, strict=True):
            sweep = sweep_of(
                scenario, checks, rig=rig, folder=folder, turns=turns, options=options, tell=tell, keep=keep
            )
            finished = _finished(sweep, scenario, rig=rig, alone=alone, places=turns.places, keep=keep)
            tasks.append(group.create_task(finished))
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in beside:
            each.cancel()
    return [task.result() for task in tasks]


def rig_for(options: SweepOptions, *, binary: Binary, folder: Path, many: bool) -> Rig:
    """Return a rig, yet to be entered, for many trials that are run so; what it keeps goes into a folder.

    Args:
        options: How they are run.
        binary: The server binary of the engine.
        folder: That folder.
        many: Whether they are of scenarios of different workflow code.
    """
    return Rig(
        binary=binary,
        folder=folder,
        engine=options.engine,
        forks=not options.cold,
        trials_a_server=TRIALS_A_SERVER,
        many=many,
    )


def only_waits(rigs: Iterable[Rig], trial: str) -> bool:
    """Tell whether a trial that is under way on one of these rigs does nothing now but wait."""
    tapes = (rig.tapes.get(trial) for rig in rigs)
    return any(waits(tape.entries, now=time.time()) for tape in tapes if tape)


async def _until_full(folder: Path) -> None:
    """Wait until the disk is full: a server that cannot write answers nobody, and each call would be waited for.

    Raises:
        OSError: It is.
    """
    while shutil.disk_usage(folder).free > _LEAST_ROOM:
        await asyncio.sleep(_LOOK_EVERY)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


@contextlib.asynccontextmanager
async def _telling(turns: Turns, rig: Rig, tell: Callable[[News], None]) -> AsyncIterator[None]:
    """Tell again and again what is under way and what the agent does there, so that nobody takes a wait for a hang."""

    def seen(trial: str) -> str:
        tape = rig.tapes.get(trial)
        return doing(tape.entries) if tape else ""

    async def again_and_again() -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY)
            under_way = turns.waited_for(seen)
            more = len(under_way) - _NAMED
            words = "; ".join(under_way[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
            tell(News(text=words and f"waiting for {words}", waiting=True, under_way=tuple(under_way)))

    telling = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        telling.cancel()


async def sweep_again(
    scenario: Scenario,
    *,
    plan: Plan,
    trial: str,
    baselines: Sequence[Evidence],
    checks: Sequence[Check],
    binary: Binary,
    folder: Path,
    options: SweepOptions,
    tell: Callable[[News], None],
) -> SweepResult:
    """Run one trial again and judge it against the baselines of an earlier run.

    Raises:
        UsageError, RigError: It cannot be run.
    """
    async with Rig(binary=binary, folder=folder / "rig", engine=options.engine) as rig:
        sweep = sweep_of(scenario, checks, rig=rig, folder=folder, turns=Turns(1), options=options, tell=tell)
        with _explained():
            return await sweep.again(plan, trial=trial, baselines=baselines)


def sweep_of(
    scenario: Scenario,
    checks: Sequence[Check],
    *,
    rig: Rig,
    folder: Path,
    turns: Turns,
    options: SweepOptions,
    tell: Callable[[News], None],
    keep: Callable[[SweepResult], None] = lambda result: None,
) -> Sweep:
    """Return the sweep of a scenario on a rig, with the arguments of ``sweep_all``."""
    scenario = replace(scenario, next=options.next) if options.next else scenario
    return Sweep(
        scenario,
        checks=checks,
        engine=rig.engine,
        run=functools.partial(run_trial, scenario, rig=rig),
        folder=folder,
        turns=turns,
        options=options,
        tell=tell,
        keep=keep,
        forks=rig.child_forks,
    )


async def _finished(
    sweep: Sweep,
    scenario: Scenario,
    *,
    rig: Rig,
    alone: bool,
    places: SweepPlaces,
    keep: Callable[[SweepResult], None],
) -> SweepResult:
    """Run a sweep to its end once there is a place for it, and hand on what it came to, whatever that is."""
    try:
        async with places.one():
            result = await _result(sweep, scenario, rig=rig)
    except (UsageError, RigError, BaseExceptionGroup) as error:
        first = first_error(error)
        if alone or not isinstance(first, UsageError | RigError):
            raise first from error
        result = SweepResult(scenario=scenario.name, title=scenario.title, reason=str(first))
    keep(result)
    return result


async def _result(sweep: Sweep, scenario: Scenario, *, rig: Rig) -> SweepResult:
    if reason := why_inapplicable(scenario, rig.engine):
        return SweepResult(scenario=scenario.name, title=scenario.title, inapplicable=reason)
    with _explained():
        return await sweep.run()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Raise a call that the server refused as the failure of the rig that it is."""
    try:
        yield
    except Exception as error:
        first = first_error(error)
        if isinstance(first, grpc.aio.AioRpcError | RPCError):
            raise RigError(f"the Temporal server refused a call of crashproof's own: {first}") from error
        raise
