"""What one machine does for campaigns: undisturbed trials and batches, on a dev server of its own.

The server, the HTTP doors and the fork servers stay warm from one batch to the next, of whatever scenario: they are
started for the first batch, and end with the worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from harness.campaign.kept_ready import KeptReady
from harness.campaign.trial_maker import Tried, Undisturbed
from harness.checks import chosen
from harness.records import store as folders
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, baseline_trials
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.servers.candidates import Binary
from harness.sweeps.pace import keep_pace, turns_of
from harness.sweeps.plans import first_plans, places_of, spread, why_inapplicable
from harness.sweeps.side_by_side import only_waits, rig_for, sweep_of
from harness.sweeps.sweep import Sweep
from harness.trial.rig import Rig


class LocalTrialMaker:
    """Makes trials on this machine. An async context manager.

    Args:
        binary: The server binary.
        folder: Where the server's database and logs go.
        jobs: How many trials run at a time; 0: as many as this machine takes.
        tell: Called with what happens.
    """

    def __init__(self, *, binary: Binary, folder: Path, jobs: int = 0, tell: Callable[[News], None]) -> None:
        self._binary = binary
        self._folder = folder
        self._turns = turns_of(jobs=jobs)
        self._tell = tell
        self._stack = AsyncExitStack()
        self._rigs: dict[tuple[str, bool], Rig] = {}
        self._starting = asyncio.Lock()
        self._pace: asyncio.Task[None] | None = None
        self._ready = KeptReady[Path, Sweep]()

    async def __aenter__(self) -> LocalTrialMaker:
        self._pace = asyncio.create_task(keep_pace(self._turns, waits=self._only_waits))
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._pace:
            self._pace.cancel()
        await self._ready.close()
        await self._stack.aclose()

    def _only_waits(self, trial: str) -> bool:
        return only_waits(self._rigs.values(), trial)

    async def undisturbed(self, scenario: Scenario, *, folder: Path, options: SweepOptions) -> Undisturbed:
        """Make the two undisturbed trials of a scenario, and say what is to be tried.

        Args:
            scenario: The scenario.
            folder: Folder of the scenario's trials.
            options: How it is swept.

        Raises:
            UsageError: The scenario does not fit the worker.
            RigError: The worker or the server does not start or answer.
        """
        rig = await self._rig(options)
        if reason := why_inapplicable(scenario, rig.engine):
            return Undisturbed(result=SweepResult(scenario=scenario.name, title=scenario.title, inapplicable=reason))
        async with self._ready.one(
            folder, lambda: self._beside(scenario, rig=rig, folder=folder, options=options)
        ) as sweep:
            result = await sweep.undisturbed()
        baselines = undisturbed_evidence(folder, scenario)
        if result.reason or not baselines:
            return Undisturbed(result=result)
        plans = spread(first_plans(result.cuts, baseline=baselines[0], options=options))
        return Undisturbed(result=result, plans=tuple(plans), places=places_of(baselines))

    async def some(
        self, scenario: Scenario, plans: Sequence[Plan], *, folder: Path, options: SweepOptions, tried: Tried
    ) -> SweepResult:
        """Make the trials of some plans of a scenario.

        Args:
            scenario: The scenario.
            plans: The plans.
            folder: Folder of the scenario's trials, those undisturbed among them.
            options: How it is swept.
            tried: Called with each plan, in their order, when it was tried.

        Raises:
            UsageError, RigError: As ``undisturbed``.
        """
        rig = await self._rig(options)
        async with self._ready.one(
            folder, lambda: self._beside(scenario, rig=rig, folder=folder, options=options)
        ) as sweep:
            return await sweep.some(plans, tried=tried)

    def _beside(
        self, scenario: Scenario, *, rig: Rig, folder: Path, options: SweepOptions
    ) -> AbstractAsyncContextManager[Sweep]:
        sweep = self._sweep(scenario, rig=rig, folder=folder, options=options)
        return sweep.beside(undisturbed_evidence(folder, scenario))

    def _sweep(self, scenario: Scenario, *, rig: Rig, folder: Path, options: SweepOptions) -> Sweep:
        checks = chosen(scenario.checks, skip=scenario.skip_checks, also=scenario.expects.checks)
        return sweep_of(scenario, checks, rig=rig, folder=folder, turns=self._turns, options=options, tell=self._tell)

    async def _rig(self, options: SweepOptions) -> Rig:
        """Return the rig of an engine, started when it is needed first."""
        key = (options.engine, options.cold)
        async with self._starting:
            if key not in self._rigs:
                folder = self._folder / f"rig-{1 + len(self._rigs)}"
                rig = rig_for(options, binary=self._binary, folder=folder, many=True)
                self._rigs[key] = await self._stack.enter_async_context(rig)
            return self._rigs[key]


def undisturbed_evidence(folder: Path, scenario: Scenario) -> list[Evidence]:
    """Return the evidence of the undisturbed trials that a folder has of a scenario, in order."""
    trials = (folder / "trials" / name for name in baseline_trials(scenario.name))
    return [folders.load_evidence(trial) for trial in trials if folders.is_judged(trial)]
