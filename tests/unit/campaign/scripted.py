"""Campaigns whose trials are scripted: the sweep of ``tests.unit.sweeps.test_sweep``, made batch by batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.campaign.local_trials import undisturbed_evidence
from harness.campaign.orders import Batch, RoundOver
from harness.campaign.places import Places, TrialShown
from harness.campaign.shared_sweep import SharedSweep, shown_by
from harness.campaign.store import Store
from harness.campaign.store_by_url import store_by_url
from harness.campaign.trial_maker import Tried, Undisturbed
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.run_record import DeclaredScenario
from harness.records.scenario import Scenario
from harness.records.sweep_result import SweepResult
from harness.servers.engine import engine
from harness.sweeps.plans import first_plans, places_of
from harness.sweeps.sweep import Sweep
from harness.sweeps.turns import Turns
from tests.unit.sweeps.test_sweep import CHECK, TRIP, Script

DECLARED = DeclaredScenario(name=TRIP.name)


class ScriptedTrialMaker:
    """Makes trials by a script."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def undisturbed(self, scenario: Scenario, *, folder: Path, options: SweepOptions) -> Undisturbed:
        """Make the undisturbed trials."""
        result = await self._sweep(folder, replace(options, points_only=True)).run()
        baselines = undisturbed_evidence(folder, scenario)
        plans = first_plans(result.cuts, baseline=baselines[0], options=options)
        return Undisturbed(result=replace(result, points_only=False), plans=tuple(plans), places=places_of(baselines))

    async def some(
        self, scenario: Scenario, plans: Sequence[Plan], *, folder: Path, options: SweepOptions, tried: Tried
    ) -> SweepResult:
        """Make the trials of some plans."""
        async with self._sweep(folder, options).beside(undisturbed_evidence(folder, scenario)) as sweep:
            return await sweep.some(plans, tried=tried)

    def _sweep(self, folder: Path, options: SweepOptions) -> Sweep:
        return Sweep(
            TRIP,
            checks=(CHECK,),
            engine=engine(self._script.engine),
            run=self._script,
            folder=folder,
            turns=Turns(1),
            options=options,
        )


def shared_by(machine: Path, *, store: Store, options: SweepOptions) -> SharedSweep:
    """Return the sweep as the machine of that folder shares it."""
    return SharedSweep(
        store=store, places=Places("tour"), scenario=TRIP, declared=DECLARED, options=options, folder=machine
    )


def swept_by_machines(script: Script, folder: Path, *, batch: int = 2, lose: int = -1, **options: Any) -> Store:
    """Make all trials of a sweep in batches, each on a machine of its own, and return the store.

    Args:
        script: What happens in trials.
        folder: Where the store and the machines' folders are.
        batch: How many trials a batch has.
        lose: Number of the batch of the first round that no machine makes.
        options: How it is swept.
    """
    store, swept_how = store_by_url(str(folder / "store")), SweepOptions(**options)
    maker = ScriptedTrialMaker(script)
    work = {"campaign": "tour", "store": store.url, "scenario": TRIP.name, "code": ""}

    async def made(order: Batch) -> None:
        machine = folder / f"machine-{order.round}-{order.number}"
        shared = shared_by(machine, store=store, options=swept_how)
        fetched = shared.fetch(order)
        shown: list[TrialShown] = []

        def tried(plan: Plan, evidence: Evidence | None) -> None:
            shown.append(shown_by(plan, evidence, scenario=TRIP, options=swept_how, batch=fetched))

        result = await maker.some(TRIP, fetched.plans, folder=machine, options=swept_how, tried=tried)
        shared.keep_batch(order, result, shown)

    async def all_made() -> None:
        first = shared_by(folder / "first", store=store, options=swept_how)
        seen = await maker.undisturbed(TRIP, folder=folder / "first", options=swept_how)
        first.keep_undisturbed(seen)
        plans, number = len(seen.plans), 0
        while plans:
            batches = -(-plans // batch)
            for each in range(batches):
                if number or each != lose:
                    await made(Batch(**work, round=number, number=each, first=each * batch, size=batch))
            given_up = ("batch was given up",) if lose >= 0 and not number else ()
            plans = first.end_round(RoundOver(**work, round=number, batches=batches, given_up=given_up))
            number += 1

    asyncio.run(all_made())
    return store
