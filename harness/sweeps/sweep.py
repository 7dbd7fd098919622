"""A sweep: two undisturbed trials of a scenario, then one for each cut and fault, until no trial shows a new point.

What happens in which order, and what the end of crashproof in between leaves:

1. The baselines: two trials without a strike; where the first does not end as it should, that is the end. Their
   evidence is kept like that of each trial (``harness.sweeps.trials``): complete once it was judged, and run again
   if it was not.
2. The cuts that both of them show are known now (``harness.sweeps.plans``). What the sweep came to so far is handed
   on, to be kept: from here on whoever reads the folder knows which points have not been tried.
3. The trials that wait for a timeout in real time begin as early as that, since they take longest; where nothing is
   wrong with the baselines so far, all others do so, too, while the histories of the baselines are replayed.
4. Each cut is tried, then what the recoveries showed (``harness.sweeps.rounds``). Before each round the result so far
   is handed on again, with the new points.
5. What is known and not tried when a limit ends this makes the outcome UNKNOWN. So does an interruption; the same steps
   once more, in the same folder, find all the trials that were judged and run only the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Container, Sequence
from pathlib import Path

from harness.checks.check import Check
from harness.checks.judging import judge
from harness.checks.model_calls import bill
from harness.checks.undisturbed import notices_of, why_not_compared
from harness.errors import RigError
from harness.processes.forkserver.children import ChildForks
from harness.records.cut import Cut
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, baseline_trials
from harness.records.scenario import Scenario
from harness.records.sweep_result import UNFINISHED, News, SweepResult
from harness.records.verdict import Outcome, Verdict
from harness.report.phrases import number
from harness.servers.engine import Engine
from harness.sweeps.named_points import look_at_points
from harness.sweeps.pairs import ShownPairs, are_pairs
from harness.sweeps.plans import (
    KnownCuts,
    chosen_faults,
    first_plans,
    known_cuts,
    places_of,
    real_time_plans,
    spread,
    why_not_made,
)
from harness.sweeps.quiet import difference, found_undisturbed, in_the_end, is_confirmed, tried_first
from harness.sweeps.rounds import ENDLESS, try_all
from harness.sweeps.seen import Seen
from harness.sweeps.stops import stop_of
from harness.sweeps.swept_so_far import swept_so_far
from harness.sweeps.trial_results import TrialResults, only
from harness.sweeps.trials import RunTrial, Trials, ended
from harness.sweeps.turns import Turns
from harness.trial.deadline import BASELINE_LIMIT, Bounds, bounds
from harness.trial.state import unchanged


class Sweep:
    """Runs a scenario under every plan that makes one of its faults once, and judges each trial.

    Args:
        scenario: The scenario.
        checks: The checks that judge it.
        engine: The engine that runs the server.
        run: Runs one trial of the scenario.
        folder: Folder of the run.
        turns: Gives each trial its turn, over all scenarios.
        options: How it is run.
        tell: Called with what happens.
        keep: Called with what the sweep came to so far, whenever points have become known that are about to be tried.
        forks: Forks processes that replay, over all scenarios; None: nobody does.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        checks: Sequence[Check],
        engine: Engine,
        run: RunTrial,
        folder: Path,
        turns: Turns,
        options: SweepOptions,
        tell: Callable[[News], None] = lambda news: None,
        keep: Callable[[SweepResult], None] = lambda result: None,
        forks: ChildForks | None = None,
    ) -> None:
        self._scenario = scenario
        self._checks = checks
        self._options = options
        self._tell = tell
        self._keep = keep
        self._trials = Trials(
            scenario,
            run=run,
            folder=folder,
            turns=turns,
            options=options,
            stopped=self._is_stopped,
            again=self._tell_again,
            forks=forks,
        )
        self._seen = Seen()
        self._results = TrialResults()
        self._faults = chosen_faults(scenario, options)
        self._lacks = functools.partial(why_not_made, scenario=scenario, engine=engine, real_time=options.real_time)
        self._made = [fault for fault in self._faults if not self._lacks(fault)]
        self._pairs = ShownPairs(self._made, options)
        self._early: dict[Plan, asyncio.Task[Evidence | None]] = {}
        self._began = time.monotonic()

    async def run(self) -> SweepResult:
        """Run the sweep, and return what it came to.

        Raises:
            UsageError: The scenario does not fit the worker.
            RigError: The worker does not start undisturbed, or the server does not answer.
        """
        async with self._trials.at_work():
            try:
                await self._run_baselines()
                reason = self._why_not_go_on()
                if not reason and not self._options.points_only:
                    await self._try_all()
                    await self._try_again_in_quiet()
            finally:
                await ended(self._early.values())
            return self._result(reason)

    async def again(self, plan: Plan, *, trial: str, baselines: Sequence[Evidence]) -> SweepResult:
        """Run one trial of an earlier sweep again and judge it against that sweep's baselines.

        Raises:
            UsageError, RigError: As ``run``.
        """
        self._seen.baselines = list(baselines)
        self._seen.total = 1
        async with self._trials.at_work():
            evidence = await self._trials.run(plan, trial=trial, bounds=self._bounds(plan))
            self._judge(evidence)
        return self._result("", points_only=True)

    @contextlib.asynccontextmanager
    async def beside(self, baselines: Sequence[Evidence]) -> AsyncIterator[Sweep]:
        """Be ready for ``some`` plans again and again, beside undisturbed trials that were made before."""
        self._seen.baselines = list(baselines)
        async with self._trials.at_work():
            yield self

    async def undisturbed(self) -> SweepResult:
        """Make the two undisturbed trials, and nothing else, while it is ``beside`` none; it raises as ``run`` does."""
        self._seen.baselines = []
        await self._run_baselines(alone=True)
        await self._trials.written()
        return self._result(self._why_not_go_on())

    async def some(self, plans: Sequence[Plan], *, tried: Callable[[Plan, Evidence | None], None]) -> SweepResult:
        """Try some plans while it is ``beside`` undisturbed trials; each is judged as ``run`` judges it.

        Args:
            plans: The plans.
            tried: Called with each plan, in their order, and the evidence whose recovery is to be followed, or None.
        """
        self._seen.total += len(plans)
        self._results.pairs |= dict.fromkeys(are_pairs(plans, known=places_of(self._seen.baselines)))
        async with asyncio.TaskGroup() as group:
            trying = [(plan, group.create_task(self._try(plan))) for plan in plans]
            for plan, task in trying:
                tried(plan, await task)
        trials = {plan.trial_id(self._scenario.name) for plan in plans}
        await self._try_again_in_quiet(trials)
        await self._trials.written()
        return only(self._result(""), plans=plans)

    async def _run_baselines(self, *, alone: bool = False) -> None:
        self._seen.total = 2
        self._say("baseline")
        limits = self._baseline_bounds()
        keeping: list[asyncio.Task[Evidence]] = []
        try:
            for trial in baseline_trials(self._scenario.name):
                evidence = await self._trials.tried(Plan(), trial=trial, bounds=limits)
                assert evidence is not None
                keeping.append(asyncio.create_task(self._trials.kept(evidence)))
                self._seen.baselines.append(evidence)
                look_at_points(self._scenario, evidence)
                self._seen.known = self._known()
                if why_not_compared(self._seen.baselines):
                    self._seen.total = len(self._seen.baselines)
                    break
                if not (alone or self._options.points_only or self._why_not_go_on()):
                    self._begin_early()
            self._seen.baselines = [await each for each in keeping]
        finally:
            await ended(keeping)
        for evidence in self._seen.baselines:
            self._judge(evidence)
        await self._try_again_in_quiet()
        self._seen.known = self._known()

    def _known(self) -> KnownCuts:
        return known_cuts(self._faults, self._seen.baselines, only=self._options.only, lacks=self._lacks)

    def _baseline_bounds(self) -> Bounds:
        return Bounds(limit=self._scenario.time_limit or BASELINE_LIMIT, most=self._scenario.time_limit)

    def _why_not_go_on(self) -> str:
        """Say why a sweep would prove nothing, or return an empty text."""
        known = self._seen.known
        if reason := why_not_compared(self._seen.baselines) or unchanged(self._scenario, self._seen.baselines):
            return reason
        if len(known.not_applicable) == len(self._faults):
            return "none of the faults is applicable: there is nothing to strike"
        if self._options.only and not known.cuts:
            return f"no point matches {', '.join(self._options.only)}; `--list` shows them"
        return ""

    def _begin_early(self) -> None:
        """Begin the trials that wait longest as soon as they are known: those in real time; then all, if all is well.

        The others do not wait for the replays of the baselines so. No limit holds before those that failed are counted.
        """
        seen, options = self._seen, self._options
        plans = real_time_plans(seen.known.cuts, baseline=seen.baselines[0], options=options)
        if len(seen.baselines) > 1 and not options.max_failures:
            passed = all(self._judged(each).outcome is Outcome.PASS for each in seen.baselines)
            plans = self._first_plans() if passed else plans
        new = [plan for plan in plans if plan not in self._early]
        self._early |= {plan: asyncio.create_task(self._evidence(plan)) for plan in new}

    def _first_plans(self) -> list[Plan]:
        plans = first_plans(self._seen.known.cuts, baseline=self._seen.baselines[0], options=self._options)
        return spread(plans) if self._options.time_limit else plans

    async def _try_all(self) -> None:
        plans = self._first_plans()
        places = places_of(self._seen.baselines)
        self._pairs.begin(plans, known=places)
        self._seen.total += len(plans)
        self._keep(self._result(UNFINISHED))
        left = await try_all(
            plans,
            attempt=self._try,
            chosen=self._made,
            known=set(places),
            options=self._options,
            discovered=self._discover,
        )
        if left:
            self._seen.recovered += left
            self._seen.limit = self._seen.limit or ENDLESS
        await self._try_pairs(self._pairs.chosen() if not self._seen.limit else [])

    async def _try_pairs(self, pairs: Sequence[Plan]) -> None:
        """Try pairs of strikes; what their recoveries show is not followed."""
        if pairs:
            self._results.pairs = dict.fromkeys(pairs)
            self._seen.total += len(pairs)
            self._keep(self._result(UNFINISHED))
            self._say(f"{number(len(pairs), 'pair')} of strikes tried, too")
            async with asyncio.TaskGroup() as group:
                for pair in pairs:
                    group.create_task(self._try(pair))

    def _discover(self, cuts: Sequence[Cut]) -> None:
        self._seen.recovered += cuts
        self._seen.total += len(cuts)
        self._keep(self._result(UNFINISHED))
        seen = "1 point was" if len(cuts) == 1 else f"{len(cuts)} points were"
        self._say(f"{seen} first seen during recovery and tried too")

    async def _try(self, plan: Plan) -> Evidence | None:
        """Run and judge one trial; return its evidence, or None if it failed: it has shown what it had to show."""
        try:
            evidence = await (self._early.pop(plan, None) or self._evidence(plan))
        except RigError as error:
            self._say(verdict=self._not_judged(plan, reason=str(error)))
            return None
        if evidence is None or self._judge(evidence).outcome is Outcome.FAIL:
            return None
        self._pairs.look_at(evidence)
        return evidence

    async def _try_again_in_quiet(self, trials: Container[str] | None = None) -> None:
        """Run each trial once more in quiet that a busy machine may have made no PASS; what it comes to then counts.

        Its place in the sweep stays as it was: the points that its recovery showed have been tried by now. What failed
        by nothing but what is found without any load, too, stands as it is.
        """
        left = [each for each in self._results.verdicts.values() if each.slow and each.trial not in self._seen.quiet]
        left = [each for each in left if trials is None or each.trial in trials]
        while left := self._unconfirmed(left):
            first = tried_first(left)
            async with self._trials.place_left(), asyncio.TaskGroup() as group:
                for loaded in first:
                    group.create_task(self._try_one_in_quiet(loaded))
            left = [each for each in left if each not in first]

    def _unconfirmed(self, slow: Sequence[Verdict]) -> list[Verdict]:
        """Return those of the trials that are to be run again, and count the others."""
        undisturbed = found_undisturbed(self._results.verdicts.values())
        confirmed = [each for each in slow if is_confirmed(each, undisturbed)]
        for each in confirmed:
            self._seen.quiet.add(each.trial)
            self._say(verdict=each)
        return [each for each in slow if each not in confirmed]

    async def _try_one_in_quiet(self, loaded: Verdict) -> None:
        bounds = self._bounds(loaded.plan) if loaded.plan.strikes else self._baseline_bounds()
        self._say(f"{loaded.plan} is tried again in quiet: {loaded.slow}")
        try:
            evidence = await self._trials.again_in_quiet(loaded.plan, trial=loaded.trial, bounds=bounds)
        except RigError as error:
            if not loaded.plan.strikes:
                raise
            self._seen.quiet.add(loaded.trial)
            self._say(verdict=self._not_judged(loaded.plan, reason=str(error)))
            return
        self._seen.quiet.add(loaded.trial)
        if evidence is None:  # a limit was reached: it stands as it is
            self._say(verdict=loaded)
            return
        if not loaded.plan.strikes:
            trials = [each.trial for each in self._seen.baselines]
            self._seen.baselines[trials.index(loaded.trial)] = evidence
        again = self._judge(evidence)
        self._seen.unstable += filter(None, [difference(loaded, again)])

    def _tell_again(self, plan: Plan, why: RigError) -> None:
        self._seen.again[why.args[0]] += 1
        self._say(f"{plan if plan.strikes else 'an undisturbed trial'} is tried again: {why.args[0]}")

    def _not_judged(self, plan: Plan, *, reason: str) -> Verdict:
        name, trial = self._scenario.name, plan.trial_id(self._scenario.name)
        verdict = Verdict(trial=trial, scenario=name, plan=plan, struck=False, reason=reason)
        self._results.verdicts[trial] = verdict
        return verdict

    async def _evidence(self, plan: Plan) -> Evidence | None:
        trial = plan.trial_id(self._scenario.name)
        return await self._trials.evidence(plan, trial=trial, bounds=self._bounds(plan))

    def _bounds(self, plan: Plan) -> Bounds:
        return bounds(self._seen.baselines[0], plan, time_limit=self._scenario.time_limit)

    def _is_stopped(self) -> bool:
        """Tell whether a limit allows no further trial, and remember which."""
        options = self._options
        if options.max_failures and self._results.failed >= options.max_failures:
            self._seen.limit = f"as many trials had failed as --max-failures {options.max_failures} allows"
        elif options.time_limit and time.monotonic() - self._began > options.time_limit:
            self._seen.limit = f"--time-limit {options.time_limit:g} was over"
        return bool(self._seen.limit)

    def _judge(self, evidence: Evidence) -> Verdict:
        """Judge a trial, and count it unless it is to be tried again in quiet."""
        folder = self._trials.folder_of(evidence.trial)
        verdict = in_the_end(evidence, folder=folder, judge=self._judged)
        self._seen.notices.update(dict.fromkeys(notices_of(evidence)))
        if stop := stop_of(evidence):
            self._seen.stops.append(stop)
        if evidence.plan.strikes:
            self._seen.bills[evidence.trial] = bill(evidence, baselines=self._seen.baselines)
        self._trials.save_verdict(verdict)
        if self._results.add(evidence, verdict):
            if not verdict.slow or verdict.trial in self._seen.quiet:
                self._say(verdict=verdict)
        else:
            self._seen.total -= 1
        return verdict

    def _judged(self, evidence: Evidence) -> Verdict:
        baselines, fail_on = self._seen.baselines, self._options.fail_on
        return judge(evidence, baselines=baselines, checks=self._checks, fail_on=fail_on)

    def _say(self, text: str = "", *, verdict: Verdict | None = None) -> None:
        done, total = len(self._results.verdicts), self._seen.total
        self._tell(News(scenario=self._scenario.name, text=text, verdict=verdict, done=done, total=total))

    def _result(self, reason: str, *, points_only: bool = False) -> SweepResult:
        return swept_so_far(
            self._scenario,
            options=self._options,
            seen=self._seen,
            results=self._results,
            shortened=self._trials.shortened,
            seconds=time.monotonic() - self._began,
            reason=reason,
            points_only=points_only,
        )
