"""A sweep: two baselines of a scenario, then one trial for each cut, until no trial shows a point that is new."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import faults
from harness.campaign.notes import notes, notices_of
from harness.campaign.stops import Stop, stop_of
from harness.checks import masking
from harness.checks.check import Check
from harness.checks.judging import judge
from harness.errors import RigError
from harness.faults import Fault
from harness.records import store as folders
from harness.records.cut import Cut, cuts_of, new_cuts, steady
from harness.records.deadline import BASELINE_LIMIT, Bounds, activity_bounds, bounds
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, Strike
from harness.records.point import is_of_workflow_task, matches
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Outcome, Verdict
from harness.replay.in_process.process import ReplayProcess
from harness.replay.in_process.protocol import Setup
from harness.trial.slots import Rig
from harness.trial.trial import run_trial

REAL_TIME_BELOW = 60.0
"""Declared bounds in seconds up to which one trial for each activity type waits for them in real time."""

_ROUNDS = 5


@dataclass
class _State:
    """What is known while a sweep runs."""

    baselines: list[Evidence] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    found: list[Cut] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    struck: dict[Strike, None] = field(default_factory=dict)
    unsteady: dict[str, None] = field(default_factory=dict)
    unreachable: list[Strike] = field(default_factory=list)
    not_applicable: dict[str, str] = field(default_factory=dict)
    notices: dict[str, None] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    total: int = 0
    not_run: int = 0


class Sweep:
    """Runs a scenario under every plan that makes one of its faults once, and judges each trial.

    Args:
        scenario: The scenario.
        checks: The checks that judge it.
        rig: What trials share.
        folder: Folder of the run.
        jobs: Limits how many trials run at a time, over all scenarios.
        options: How it is run.
        tell: Told what happens.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        checks: Sequence[Check],
        rig: Rig,
        folder: Path,
        jobs: asyncio.Semaphore,
        options: SweepOptions,
        tell: Callable[[News], None] = lambda news: None,
    ) -> None:
        self._scenario = scenario
        self._checks = checks
        self._rig = rig
        self._folder = folder
        self._jobs = asyncio.Semaphore(1) if scenario.address else jobs
        self._options = options
        self._tell = tell
        self._state = _State()
        self._faults = faults.chosen(options.faults or scenario.faults)
        self._early: dict[Plan, asyncio.Task[Evidence | None]] = {}
        self._replayer: asyncio.Task[ReplayProcess] | None = None
        self._began = time.monotonic()

    async def run(self) -> SweepResult:
        """Run it.

        Raises:
            UsageError: The scenario does not fit the worker.
            RigError: The worker does not start undisturbed, or the server does not answer.
        """
        async with self._replaying():
            try:
                await self._run_baselines()
                reason = self._why_not_go_on()
                if not reason and not self._options.points_only:
                    await self._try_all()
            finally:
                await self._end_early()
            return self._swept(reason)

    async def again(self, plan: Plan, *, trial: str, baselines: Sequence[Evidence]) -> SweepResult:
        """Run one trial of an earlier sweep again and judge it against that sweep's baselines.

        Raises:
            UsageError, RigError: As ``run``.
        """
        self._state.baselines = list(baselines)
        self._state.total = 1
        async with self._replaying():
            folder = self._folder / "trials" / trial
            evidence = await self._run_trial(plan, trial=trial, limits=self._bounds(plan), folder=folder)
        self._judge(evidence)
        return self._swept("", points_only=True)

    @asynccontextmanager
    async def _replaying(self) -> AsyncIterator[None]:
        """Keep a process for Temporal's Replayer, where it is known what to import there."""
        modules = self._options.workflows or self._scenario.work.modules
        if not modules:
            yield
            return
        replayer = ReplayProcess(
            Setup(modules=modules, data_converter=self._scenario.data_converter),
            cwd=Path.cwd(),
            logs=self._folder / "replay" / self._scenario.name,
        )
        async with AsyncExitStack() as stack:
            # It imports the workflow code while the first baseline runs.
            self._replayer = asyncio.create_task(stack.enter_async_context(replayer))
            try:
                yield
            finally:
                self._replayer.cancel()
                await asyncio.gather(self._replayer, return_exceptions=True)

    async def _run_baselines(self) -> None:
        names = [Plan().trial_id(self._scenario.name), f"{Plan().trial_id(self._scenario.name)}-2"]
        self._state.total = 2
        self._say("baseline")
        limits = Bounds(limit=self._scenario.time_limit or BASELINE_LIMIT)
        for trial in names:
            evidence = await self._evidence(Plan(), trial, limits)
            assert evidence is not None
            self._state.baselines.append(evidence)
            self._find_cuts()
            if not self._why_not_go_on() and not self._options.points_only:
                self._begin_early()
        for evidence in self._state.baselines:
            self._judge(evidence)
            self._state.places.update(entry.point.place for entry in evidence.tape if entry.point)

    def _find_cuts(self) -> None:
        tapes = [evidence.tape for evidence in self._state.baselines]
        self._state.found = []
        for fault in self._faults:
            reason = self._why_not_made(fault)
            made = [] if reason else cuts_of(fault, tapes[0])
            if not made:
                nothing = f"the worker sends no {' or '.join(fault.operations or fault.doors)} message that it can meet"
                self._state.not_applicable[fault.name] = reason or nothing
            found, unsteady = steady(made, tapes)
            self._state.unsteady.update(dict.fromkeys(unsteady))
            self._state.found += [cut for cut in found if self._is_wanted(cut)]

    def _why_not_made(self, fault: Fault) -> str:
        """Say why a fault cannot be made with this engine, or return an empty text."""
        patient = self._options.real_time  # timeouts are waited for anyway
        needs = [need for need in fault.needs if not (patient and need == "acceleration")]
        return self._rig.engine.lacks(*needs)

    def _is_wanted(self, cut: Cut) -> bool:
        wanted = self._options.only
        return not wanted or any(
            matches(point, pattern) for pattern in wanted for point in (cut.point.id, *cut.stands_for)
        )

    def _begin_early(self) -> None:
        """Begin the trials that wait longest as soon as they are known: those in real time."""
        for plan in self._real_time_plans():
            if plan not in self._early:
                trial = plan.trial_id(self._scenario.name)
                self._early[plan] = asyncio.create_task(self._evidence(plan, trial, self._bounds(plan)))

    async def _end_early(self) -> None:
        for task in self._early.values():
            task.cancel()
        await asyncio.gather(*self._early.values(), return_exceptions=True)

    def _bounds(self, plan: Plan) -> Bounds:
        return bounds(self._state.baselines[0], plan, time_limit=self._scenario.time_limit)

    def _why_not_go_on(self) -> str:
        """Say why a sweep would prove nothing, or return an empty text."""
        if any(evidence.end in ("deadline", "stopped") for evidence in self._state.baselines):
            first = next(found for found in self._state.baselines if found.end in ("deadline", "stopped"))
            return f"undisturbed, the work is already not over: {first.end_reason}"
        if self._options.only and not self._state.found:
            return f"no point matches {', '.join(self._options.only)}; `--list` shows them"
        if len(self._state.not_applicable) == len(self._faults):
            return "none of the faults is applicable: there is nothing to strike"
        return ""

    async def _try_all(self) -> None:
        patient = self._real_time_plans()
        covered = {plan.strikes for plan in patient}
        plans = [Plan((cut.strike,), self._options.real_time) for cut in self._state.found]
        plans = [*patient, *(plan for plan in plans if plan.strikes not in covered)]
        for _ in range(_ROUNDS):
            self._state.total += len(plans)
            async with asyncio.TaskGroup() as group:
                trying = [group.create_task(self._try(plan)) for plan in plans]
            shown = [task.result() for task in trying]
            if self._options.only:
                return
            plans = [
                further
                for plan, recovery in zip(plans, shown, strict=True)
                for further in self._recovery_plans(plan, recovery)
            ]
            if not plans:
                return
            self._say(f"{len(plans)} points were first seen during recovery and are tried too")

    def _recovery_plans(self, plan: Plan, recovery: Sequence[Cut]) -> list[Plan]:
        """Return a plan for each point that this trial was the first to show, with the strike that led there."""
        plans = []
        for cut in recovery:
            if cut.point.place not in self._state.places:
                self._state.places.add(cut.point.place)
                self._state.found.append(cut)
                plans.append(Plan((*plan.strikes, cut.strike), self._options.real_time))
        return plans

    def _real_time_plans(self) -> list[Plan]:
        """Choose one cut of each activity type whose loss is noticed soon enough to wait for it."""
        if self._options.real_time:
            return []
        soon = {
            kind for kind, seconds in activity_bounds(self._state.baselines[0]).items() if 0 < seconds < REAL_TIME_BELOW
        }
        plans = []
        for cut in self._state.found:
            unseen = faults.named(cut.fault).unseen
            if unseen and cut.point.subject in soon and cut.point.position == "before":
                soon.discard(cut.point.subject)
                plans.append(Plan((cut.strike,), real_time=True))
        return plans

    async def _try(self, plan: Plan) -> list[Cut]:
        """Run and judge one trial; return the points that no trial before it has shown.

        A trial that failed returns none: it has shown what it had to show.
        """
        trial = plan.trial_id(self._scenario.name)
        try:
            evidence = await (self._early.pop(plan, None) or self._evidence(plan, trial, self._bounds(plan)))
        except RigError as error:
            verdict = Verdict(trial=trial, scenario=self._scenario.name, plan=plan, struck=False, reason=str(error))
            self._keep(verdict)
            return []
        if evidence is None:
            self._state.not_run += 1
            return []
        verdict = self._judge(evidence)
        return [] if verdict.outcome is Outcome.FAIL else new_cuts(self._faults, evidence.tape, self._state.places)

    async def _evidence(self, plan: Plan, trial: str, limits: Bounds) -> Evidence | None:
        """Return the evidence of a trial: from its folder where an earlier run has left it, else by running it."""
        folder = self._folder / "trials" / trial
        if (folder / "verdict.json").is_file():
            return folders.load_evidence(folder)
        async with self._jobs:
            if plan.strikes and self._is_enough():
                return None
            return await self._run_trial(plan, trial=trial, limits=limits, folder=folder)

    async def _run_trial(self, plan: Plan, *, trial: str, limits: Bounds, folder: Path) -> Evidence:
        cold = self._options.cold or plan.real_time or trial == Plan().trial_id(self._scenario.name)
        evidence = await run_trial(
            self._scenario, plan=plan, trial=trial, rig=self._rig, folder=folder, bounds=limits, cold=cold
        )
        if self._replayer:
            replayer = await asyncio.shield(self._replayer)
            evidence = replace(evidence, replays=await replayer.replay(evidence.histories))
        folders.save_evidence(folder, evidence)
        return evidence

    def _is_enough(self) -> bool:
        failed = sum(1 for verdict in self._state.verdicts.values() if verdict.outcome is Outcome.FAIL)
        options = self._options
        return bool(
            (options.max_failures and failed >= options.max_failures)
            or (options.time_limit and time.monotonic() - self._began > options.time_limit)
        )

    def _judge(self, evidence: Evidence) -> Verdict:
        verdict = judge(evidence, baselines=self._state.baselines, checks=self._checks)
        self._state.notices.update(dict.fromkeys(notices_of(evidence)))
        if stop := stop_of(evidence):
            self._state.stops.append(stop)
        last = evidence.plan.strikes[-1] if evidence.plan.strikes else None
        if verdict.struck and last:
            self._state.struck[last] = None
        folders.save_verdict(self._folder / "trials" / evidence.trial, verdict)
        if last and _did_not_come(evidence, verdict):
            self._state.unreachable.append(last)
            self._state.total -= 1
        else:
            self._keep(verdict)
        return verdict

    def _keep(self, verdict: Verdict) -> None:
        self._state.verdicts[verdict.trial] = verdict
        self._tell(
            News(
                scenario=self._scenario.name,
                verdict=verdict,
                done=len(self._state.verdicts),
                total=self._state.total,
            )
        )

    def _say(self, text: str) -> None:
        done, total = len(self._state.verdicts), self._state.total
        self._tell(News(scenario=self._scenario.name, text=text, done=done, total=total))

    def _swept(self, reason: str, *, points_only: bool = False) -> SweepResult:
        state = self._state
        gaps = dict.fromkeys(gap for evidence in state.baselines for gap in evidence.gaps)
        return SweepResult(
            scenario=self._scenario.name,
            title=self._scenario.title,
            verdicts=tuple(state.verdicts.values()),
            cuts=tuple(state.found),
            struck=tuple(state.struck),
            unreachable=tuple(state.unreachable),
            not_applicable=state.not_applicable,
            unsteady=tuple(state.unsteady),
            not_run=state.not_run,
            gaps=tuple(gaps),
            masked=masking.listed(state.baselines),
            notes=tuple(
                notes(
                    self._scenario,
                    options=self._options,
                    baselines=state.baselines,
                    notices=state.notices,
                    stops=state.stops,
                )
            ),
            seconds=time.monotonic() - self._began,
            reason=reason,
            points_only=points_only or self._options.points_only,
        )


def _did_not_come(evidence: Evidence, verdict: Verdict) -> bool:
    """Tell whether a trial ended well without the message that it was to strike at, as the run of things allows.

    That holds for points of a recovery, and for workflow tasks: an activity and a signal that end at the same time land
    in one or in two. Such a point is listed as unreachable, and its trial counts neither as passed nor as vacuous.
    """
    strikes = evidence.plan.strikes
    if verdict.struck or not strikes or verdict.findings or evidence.end not in ("closed", "over"):
        return False
    return len(strikes) > 1 or is_of_workflow_task(strikes[-1].point)
