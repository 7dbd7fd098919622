"""The checklist before a release, filled from a run that makes what its points need, or from one that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.app.audit import AuditOrder, audit
from harness.app.declared_scenarios import declared_scenario, go_to, kept_options
from harness.app.explore import explore
from harness.app.explore import interrupted as explored_so_far
from harness.app.progress import Tell, silent
from harness.app.replay import ReplayOrder, replay
from harness.app.report import reported
from harness.app.run import DeclaredWork, Means, RunResult, run
from harness.app.worker_code import code_of
from harness.checks.judging import judge
from harness.errors import RigError, UsageError, nearest
from harness.readiness.fallback import CHECKS as FALLBACK
from harness.readiness.fallback import model_out
from harness.readiness.logs import log_checks, read_logs
from harness.readiness.measuring import Measured, checklist
from harness.readiness.metrics import CHECKS as METRICS
from harness.readiness.points import POINTS
from harness.records import files
from harness.records import store as folders
from harness.records.audit_result import AuditResult
from harness.records.checklist import Checklist
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.replay_result import ReplayResult
from harness.records.run_record import RunRecord
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Verdict
from harness.replay.explore.exploring import ExploreOptions
from harness.replay.explore.search import Limits
from harness.report.files import keep, shown_path

_REPLAYED = 6
"""Of how many trials of each scenario the histories are replayed under all conditions: baselines, and struck ones."""


_OF_SENDS = ("request-repeated", "sent-again")
"""Faults that only a scenario meets in which something is sent."""

EXPLORED = "explorations"
"""Folder of explorations in the folder of the run whose checklist they fill."""

EXPLORED_STATES, EXPLORED_MOVES, EXPLORED_SECONDS = 1_000, 60, 30.0
"""Bounds of one exploration: what it finds counts, and what it leaves is no reason for doubt."""


@dataclass(frozen=True, kw_only=True)
class ReadyResult:
    """What the checklist came to, and from which run.

    Attributes:
        checklist: The checklist.
        run: The run that it was filled from.
        record: What was run, with what.
    """

    checklist: Checklist
    run: RunResult
    record: RunRecord


def waivers(given: Sequence[str]) -> dict[str, str]:
    """Return why points are not applicable, by their ids, as the user says it: ``C1=we have one model alone``.

    Raises:
        UsageError: It names no point, or gives no reason.
    """
    known = [point.id for point in POINTS]
    said: dict[str, str] = {}
    for text in given:
        name, _, reason = text.partition("=")
        if name.strip().upper() not in known:
            raise UsageError(f"--not-applicable {text!r}: no point is called {name!r}{nearest(name.upper(), known)}")
        if not reason.strip():
            raise UsageError(f"--not-applicable {text!r}: say why, as in --not-applicable '{name}=no model is called'")
        said[name.strip().upper()] = reason.strip()
    return said


async def ready(
    work: Sequence[DeclaredWork],
    *,
    options: SweepOptions,
    folder: Path,
    means: Means,
    waived: Mapping[str, str],
    tell: Tell,
) -> ReadyResult:
    """Run what the points need, and fill the checklist.

    Args:
        work: The scenarios.
        options: How each is swept.
        folder: A new evidence folder.
        means: What trials are run with.
        waived: Why a point is not applicable, by its id, where the user says so.
        tell: Called with what happens.

    Raises:
        UsageError, RigError: As ``harness.app.run.run``.
    """
    needed = work if options.faults else [_with_faults(each, first) for each, first in _each_with_first(work)]
    await run(needed, options=options, folder=folder, means=means, tell=tell)
    await _explored([each for each, first in _each_with_first(work) if first], folder=folder, tell=tell)
    return await ready_from(folder, waived=waived, tell=tell, scenarios=[each.scenario for each in needed])


async def ready_from(
    folder: Path,
    *,
    waived: Mapping[str, str],
    tell: Tell,
    replays: bool = True,
    scenarios: Sequence[Scenario] | None = None,
) -> ReadyResult:
    """Fill the checklist from a run that is there, read its code, and replay its histories under all conditions.

    The checklist is in the run's folder then, and in its reports.

    Args:
        folder: The evidence folder.
        waived: As for ``ready``.
        tell: Called with what happens.
        replays: Whether histories are replayed; without, somebody is told at once what is known so far.
        scenarios: Its scenarios; None to have them again as its record says, without the secrets that it does not keep.

    Raises:
        UsageError: It is no evidence folder, or a file of it is corrupt.
    """
    place = folders.find_run(folder)
    record = folders.load_run(place)
    result = reported(folder, tell=tell)
    shown = shown_path(place)
    go_to(record)
    scenarios = list(_scenarios(record, tell)) if scenarios is None else scenarios
    tell(News(text=f"reading the worker's code{', replaying histories under all conditions' if replays else ''}"))
    measured = replace(
        measured_by_trials(result.sweeps, folder=place, scenarios=scenarios, tell=tell),
        replay=await _replayed(place, scenarios, result.sweeps, tell, code=kept_options(record).workflows)
        if replays
        else None,
        explored=explored.results if (explored := explored_so_far(place / EXPLORED)) else (),
        waived=waived,
        folder=shown,
    )
    filled = checklist(measured)
    files.write_json(place / folders.CHECKLIST, filled)
    keep(result.sweeps, folder=place, scenarios=record.scenarios)
    return ReadyResult(checklist=filled, run=replace(result, folder=place), record=record)


def measured_by_trials(
    sweeps: Sequence[SweepResult], *, folder: Path, scenarios: Sequence[Scenario], tell: Tell
) -> Measured:
    """Return what the trials of sweeps show, and what reading the code of their workers does.

    Args:
        sweeps: What each scenario came to.
        folder: The evidence folder.
        scenarios: The scenarios.
        tell: Called with what happens.
    """
    seen = observed(folder, sweeps)
    return Measured(
        sweeps=sweeps,
        observed=seen.verdicts,
        outages=frozenset(seen.outages),
        asks_models=seen.asks_models,
        audit=_audited(scenarios, tell),
    )


async def _explored(work: Sequence[DeclaredWork], *, folder: Path, tell: Tell) -> None:
    """Explore scenarios for a while; what it shows is in the folder of the run then."""
    limits = Limits(states=EXPLORED_STATES, moves=EXPLORED_MOVES, seconds=EXPLORED_SECONDS)
    options = ExploreOptions(limits=limits)
    tell(News(text="exploring every order in which the world can answer"))
    try:
        await explore(work, options=options, out=folder / EXPLORED, tell=silent)
    except (UsageError, RigError) as error:
        tell(News(text=f"not explored: {error}"))


def _each_with_first(work: Sequence[DeclaredWork]) -> Iterator[tuple[DeclaredWork, bool]]:
    """Yield each scenario, and whether it is the first of its worker and workflow: that one is struck by all faults."""
    seen: set[tuple[str, object]] = set()
    for each in work:
        key = (each.scenario.worker, getattr(each.scenario.work, "workflow", ""))
        yield each, key not in seen
        seen.add(key)


def _with_faults(work: DeclaredWork, first: bool) -> DeclaredWork:
    """Return a scenario with its own faults and those that the points need, of which a second one needs few."""
    needed = {name for point in POINTS for name in point.faults}
    names = needed if first else {"kill-worker", *(_OF_SENDS if work.scenario.sends else ())}
    faults = tuple(dict.fromkeys([*work.scenario.faults, *sorted(names)]))
    return replace(work, scenario=replace(work.scenario, faults=faults), declared=replace(work.declared, faults=faults))


def _scenarios(record: RunRecord, tell: Tell) -> Iterator[Scenario]:
    """Yield the scenarios of a run, as far as their files are still there."""
    for each in record.scenarios:
        try:
            yield declared_scenario(each)
        except UsageError as error:
            tell(News(text=f"{each.name}: its code is not read: {error}"))


def _audited(scenarios: Sequence[Scenario], tell: Tell) -> AuditResult | None:
    """Return what reading the code of the workers found; None where there is none to read."""
    paths = code_of(scenarios, cwd=Path.cwd())
    if not paths:
        return None
    try:
        return audit(AuditOrder(paths=paths, remember=True), tell=silent)
    except UsageError as error:
        tell(News(text=f"the code is not read: {error}"))
        return None


async def _replayed(
    folder: Path, scenarios: Sequence[Scenario], sweeps: Sequence[SweepResult], tell: Tell, *, code: Sequence[str]
) -> ReplayResult | None:
    """Return what replays under all conditions came to, of all scenarios together; None where nothing was replayed.

    Args:
        folder: The evidence folder.
        scenarios: The scenarios.
        sweeps: What each came to.
        tell: Called with what happens.
        code: The workflow code that the user names for all of them; none: each scenario's own.
    """
    orders: list[ReplayOrder] = []
    for scenario in scenarios:
        sweep = next((each for each in sweeps if each.scenario == scenario.name), None)
        paths = _histories(folder, sweep) if sweep else []
        if not paths:
            continue
        modules = tuple(code) or (() if scenario.replayer else scenario.work.modules)
        order = ReplayOrder(
            paths=paths,
            worker="" if modules or scenario.replayer else scenario.worker,
            task_queue=scenario.task_queue,
            env=scenario.env,
            address=scenario.address,
            tls=scenario.tls,
            modules=modules,
            replayers=(scenario.replayer,) if scenario.replayer else (),
            data_converter=scenario.data_converter,
            cwd=Path.cwd(),
        )
        alike = next((place for place, each in enumerate(orders) if replace(each, paths=order.paths) == order), None)
        if alike is None:
            orders.append(order)
        else:  # the same code is imported once for the histories of all its scenarios
            orders[alike] = replace(order, paths=[*orders[alike].paths, *order.paths])
    results = []
    for order in orders:
        try:
            results.append(await replay(order, tell=silent))
        except (UsageError, RigError) as error:
            tell(News(text=f"not replayed: {error}"))
    if not results:
        return None
    histories = tuple(history for each in results for history in each.histories)
    return replace(results[0], histories=histories, seconds=sum(each.seconds for each in results))


def _histories(folder: Path, sweep: SweepResult) -> list[str]:
    """Return the folders of histories of some trials: the undisturbed ones, and struck ones from all over the sweep."""
    plain = [verdict.trial for verdict in sweep.verdicts if not verdict.plan.strikes]
    struck = [verdict.trial for verdict in sweep.verdicts if verdict.plan.strikes and verdict.struck]
    step = max(1, len(struck) // max(1, _REPLAYED - len(plain)))
    places = [folder / "trials" / trial / "history" for trial in [*plain, *struck[::step]][:_REPLAYED]]
    return [str(place) for place in places if place.is_dir()]


@dataclass
class Observed:
    """What the evidence of all trials shows to the checks of readiness.

    Attributes:
        verdicts: What they say of each trial.
        outages: Names of the scenarios in which a model is out of service.
        asks_models: Whether any model is asked in an undisturbed trial.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    outages: set[str] = field(default_factory=set)
    asks_models: bool = False


def observed(folder: Path, sweeps: Sequence[SweepResult]) -> Observed:
    """Return what the evidence of all trials of a run shows.

    Args:
        folder: The evidence folder.
        sweeps: What each scenario came to.
    """
    seen = Observed()
    for sweep in sweeps:
        baselines = [
            evidence
            for verdict in sweep.verdicts
            if not verdict.plan.strikes and (evidence := _evidence(folder, verdict.trial))
        ]
        if any(model_out(each) for each in baselines):
            seen.outages.add(sweep.scenario)
        seen.asks_models |= any(entry.door == "model" for each in baselines for entry in each.tape)
        for verdict in sweep.verdicts:
            if evidence := _evidence(folder, verdict.trial):
                logs = read_logs(folder / "trials" / verdict.trial / "logs")
                checks = (*FALLBACK, *METRICS, *log_checks({verdict.trial: logs}))
                seen.verdicts.append(judge(evidence, baselines=baselines, checks=checks))
    return seen


def _evidence(folder: Path, trial: str) -> Evidence | None:
    try:
        return folders.load_evidence(folder / "trials" / trial)
    except UsageError:
        return None
