"""Several sweeps on one rig: one server, one folder, one limit on how many trials run at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import grpc.aio
from temporalio.service import RPCError

from harness import faults
from harness.campaign.sweep import Sweep
from harness.checks import Check, chosen
from harness.errors import RigError, UsageError
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.servers.candidates import Binary
from harness.trial.slots import Rig


def default_jobs() -> int:
    """Return how many trials run at a time unless told otherwise: most of a trial is waiting."""
    return 3 * (os.cpu_count() or 1)


async def sweep_all(
    scenarios: Sequence[Scenario],
    *,
    binary: Binary,
    folder: Path,
    jobs: int,
    options: SweepOptions,
    tell: Callable[[News], None],
    done: Callable[[SweepResult], None] = lambda swept: None,
) -> list[SweepResult]:
    """Sweep scenarios, several at a time, and return what each came to, in their order.

    A scenario that cannot be swept (its worker does not start) ends alone: the others go on.

    Args:
        scenarios: The scenarios.
        binary: The server binary of the engine.
        folder: Folder of the run.
        jobs: How many trials run at a time, over all scenarios.
        options: How each is run.
        tell: Told what happens.
        done: Told of each finished scenario.

    Raises:
        UsageError: A check or fault that a scenario names does not exist; said before anything is started.
        UsageError, RigError: There is one scenario alone, and it cannot be swept.
    """
    judged = [chosen(scenario.checks, skip=scenario.skip_checks) for scenario in scenarios]
    for scenario in scenarios:
        faults.chosen(scenario.faults)
    limit = asyncio.Semaphore(jobs)
    async with (
        Rig(binary=binary, folder=folder / "rig", engine=options.engine) as rig,
        asyncio.TaskGroup() as group,
    ):
        tasks = [
            group.create_task(
                _sweep_one(
                    Sweep(scenario, checks=wanted, rig=rig, folder=folder, jobs=limit, options=options, tell=tell),
                    rig=rig,
                    scenario=scenario,
                    alone=len(scenarios) == 1,
                    done=done,
                )
            )
            for scenario, wanted in zip(scenarios, judged, strict=True)
        ]
    return [task.result() for task in tasks]


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
        sweep = Sweep(
            scenario,
            checks=checks,
            rig=rig,
            folder=folder,
            jobs=asyncio.Semaphore(1),
            options=options,
            tell=tell,
        )
        with _explained(rig):
            return await sweep.again(plan, trial=trial, baselines=baselines)


async def _sweep_one(
    sweep: Sweep, *, rig: Rig, scenario: Scenario, alone: bool, done: Callable[[SweepResult], None]
) -> SweepResult:
    lacks = rig.engine.lacks("time skipping") if scenario.skips_time else ""
    if lacks:
        swept = SweepResult(
            scenario=scenario.name, title=scenario.title, inapplicable=f"it lets time pass, and {lacks}"
        )
        done(swept)
        return swept
    try:
        with _explained(rig):
            swept = await sweep.run()
    except (UsageError, RigError, BaseExceptionGroup) as error:
        first = first_error(error)
        if alone or not isinstance(first, UsageError | RigError):
            raise first from error
        swept = SweepResult(scenario=scenario.name, title=scenario.title, reason=str(first))
    done(swept)
    return swept


@contextlib.contextmanager
def _explained(rig: Rig) -> Iterator[None]:
    """Tell a server that ended, or that refused a call, as the failure of the rig that it is."""
    try:
        yield
    except Exception as error:
        first = first_error(error)
        if rig.engine.own_clocks and not rig.server.alive:
            raise RigError(
                "the Temporal server ended by itself in the middle of the run", log=rig.server.log_tail()
            ) from error
        if isinstance(first, grpc.aio.AioRpcError | RPCError):
            raise RigError(f"the Temporal server refused a call of crashproof's own: {first}") from error
        raise


def first_error(error: BaseException) -> BaseException:
    """Return the error itself, or the first one of a group, however deep."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
