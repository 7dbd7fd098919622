"""Trials by a script: a trip is paid, where a refund is new to recoveries, and one strike shows a bug."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.campaign.trial_maker import Tried, Undisturbed
from harness.records import store as folders
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, baseline_trials
from harness.records.point import Point, meets
from harness.records.scenario import Scenario, start
from harness.records.sweep_result import SweepResult
from harness.records.tape import Entry, Kind
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from harness.sweeps.plans import chosen_faults, first_plans, known_cuts, places_of

TRIP = Scenario(name="trip", worker="python trip.py", task_queue="trips", work=start("Trip"))
WAY, RECOVERY = ("Pay",), ("Refund",)
PAID_TWICE = "before/Pay/Trip"
TAKES_S = 0.02


class ScriptedTrials:
    """Makes trials of the trip: their evidence is written as that of real ones is, and each takes the same time."""

    async def undisturbed(self, scenario: Scenario, *, folder: Path, options: SweepOptions) -> Undisturbed:
        """Make the two undisturbed trials."""
        trials = baseline_trials(scenario.name)
        baselines = [await _tried(Plan(), trial=trial, folder=folder) for trial in trials]
        verdicts = tuple(folders.load_verdict(folder / "trials" / trial) for trial in trials)
        known = known_cuts(chosen_faults(scenario, options), baselines, only=options.only, lacks=lambda fault: "")
        return Undisturbed(
            result=SweepResult(scenario=scenario.name, verdicts=verdicts, cuts=known.cuts),
            plans=tuple(first_plans(known.cuts, baseline=baselines[0], options=options)),
            places=places_of(baselines),
        )

    async def some(
        self, scenario: Scenario, plans: Sequence[Plan], *, folder: Path, options: SweepOptions, tried: Tried
    ) -> SweepResult:
        """Make the trials of some plans, one after the other."""
        verdicts = []
        for plan in plans:
            trial = plan.trial_id(scenario.name)
            evidence = await _tried(plan, trial=trial, folder=folder)
            verdicts.append(folders.load_verdict(folder / "trials" / trial))
            tried(plan, None if verdicts[-1].outcome is Outcome.FAIL else evidence)
        struck = tuple(plan.strikes[-1] for plan in plans)
        return SweepResult(scenario=scenario.name, verdicts=tuple(verdicts), struck=struck)


async def _tried(plan: Plan, *, trial: str, folder: Path) -> Evidence:
    """Make a trial, unless it is there, and return its evidence."""
    place = folder / "trials" / trial
    if folders.is_judged(place):
        return await asyncio.to_thread(folders.load_evidence, place)
    await asyncio.sleep(TAKES_S)
    return await asyncio.to_thread(made, plan, trial=trial, folder=folder)


def made(plan: Plan, *, trial: str, folder: Path) -> Evidence:
    """Write the evidence of a trial and its verdict, and return it."""
    place = folder / "trials" / trial
    evidence = Evidence(trial=trial, scenario=TRIP.name, plan=plan, end="closed", tape=tuple(_tape(plan)))
    folders.save_evidence(place, evidence)
    folders.save_verdict(place, verdict_of(plan, trial))
    return evidence


def verdict_of(plan: Plan, trial: str) -> Verdict:
    """Return what the trial of a plan comes to."""
    fails = any(strike.point == PAID_TWICE for strike in plan.strikes)
    findings = (Finding(check="paid-once", subject="Trip", message="paid 2 times, expected once"),) if fails else ()
    judged = Judgement(check="paid-once", outcome=Outcome.FAIL if fails else Outcome.PASS, findings=findings)
    return Verdict(trial=trial, scenario=TRIP.name, plan=plan, struck=True, judgements=(judged,))


def _tape(plan: Plan) -> Iterator[Entry]:
    """Yield what passed the doors: the way, and after each strike the recovery."""
    waiting, coming, number = list(plan.strikes), list(WAY), 0
    while coming:
        number += 1
        met = Point(position="before", door="wire", operation=coming.pop(0), workflow="Trip")
        sides: tuple[tuple[Kind, Point], ...] = (("request", met), ("reply", met.at("after")))
        for kind, point in sides:
            yield Entry(at=number, kind=kind, door="wire", operation=point.operation, message=number, point=point)
            if waiting and meets(point.id, waiting[0].point):
                waiting.pop(0)
                coming += RECOVERY
