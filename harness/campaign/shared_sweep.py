"""A sweep that several machines share: what of it is in a folder of this machine, and what is in the store."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.campaign.bundles import packed, packed_folders, unpack
from harness.campaign.orders import Batch, ExplorationPart, RoundOver
from harness.campaign.places import BatchResult, Explored, Known, KnownBundles, Over, Places, Round, TrialShown
from harness.campaign.store import MissingError, Store
from harness.campaign.trial_maker import Undisturbed
from harness.errors import RigError
from harness.foreign import for_file_name
from harness.records.evidence import Evidence
from harness.records.explore_result import Explorations
from harness.records.options import SweepOptions
from harness.records.plan import Plan, baseline_trials, parse
from harness.records.result_json import sweep_as_json, sweep_of
from harness.records.run_record import DeclaredScenario
from harness.records.scenario import Scenario
from harness.records.store import is_judged, under_load
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome
from harness.servers.engine import engine
from harness.sweeps.pairs import chosen_pairs, most_after_one, second_strikes
from harness.sweeps.plans import (
    ShownCut,
    chosen_faults,
    first_shown,
    further_plan,
    is_followed,
    shown_cuts,
    why_not_made,
)
from harness.sweeps.rounds import RECOVERY_ROUNDS

_LOOK_EVERY = 2.0  # seconds, for trials that are judged before those of plans ahead of them


@dataclass(frozen=True, kw_only=True)
class BatchPlans:
    """What the trials of a batch need to know.

    Attributes:
        plans: The plans of the batch.
        places: The places that the undisturbed trials met.
        first_round: How many plans the first round of the sweep has.
    """

    plans: Sequence[Plan]
    places: frozenset[str]
    first_round: int


class SharedSweep:
    """The sweep of one scenario of a campaign, as one machine sees it.

    Attributes:
        scenario: The scenario.
        declared: Where it is declared.
        options: How it is swept.
        folder: Folder of this machine's trials of it.
        thin: Whether the evidence of trials that passed is kept only as long as their batch is under way.

    Args:
        store: The store of the campaign.
        places: The names of what it keeps.
        scenario: The scenario.
        declared: Where it is declared.
        options: How it is swept.
        folder: Folder of this machine's trials of it.
        thin: Whether the evidence of trials that passed is kept only as long as their batch is under way.
    """

    def __init__(
        self,
        *,
        store: Store,
        places: Places,
        scenario: Scenario,
        declared: DeclaredScenario,
        options: SweepOptions,
        folder: Path,
        thin: bool = False,
    ) -> None:
        self.scenario = scenario
        self.declared = declared
        self.options = options
        self.folder = folder
        self.thin = thin
        self._store = store
        self._places = places
        self._bundles: dict[str, str] = {}
        self._trials: list[str] = []
        self._judged = asyncio.Event()

    def keep_undisturbed(self, seen: Undisturbed) -> None:
        """Keep the undisturbed trials, and the plans of the first round.

        Raises:
            RigError: The store does not take them.
        """
        trials = [self._trial(verdict.trial) for verdict in seen.result.verdicts]
        bundles = tuple(self._store.add(packed(trial)) for trial in trials if is_judged(trial))
        plans = tuple(map(str, seen.plans))
        first = Round(plans=plans, places=tuple(sorted(seen.places)))
        self._store.put_json(self._places.round(self.scenario.name, 0), first)
        known = Known(result=sweep_as_json(seen.result), bundles=bundles)
        self._store.put_json(self._places.known(self.scenario.name), known)

    def kept(self, batch: Batch) -> SweepResult | None:
        """Return what a batch came to that was made before, or None.

        Raises:
            RigError: The store does not say.
        """
        try:
            name = self._places.batch(self.scenario.name, batch.round, batch.number)
            return sweep_of(self._store.get_json(name, BatchResult).result)
        except MissingError:
            return None

    def fetch(self, batch: Batch) -> BatchPlans:
        """Fetch what a batch needs: the undisturbed trials, and those of its own that an earlier attempt has made.

        Raises:
            RigError: The store does not give them.
        """
        name = self.scenario.name
        known = self._store.get_json(self._places.known(name), KnownBundles)
        for trial, digest in zip(baseline_trials(name), known.bundles, strict=False):
            self._fetch(trial, digest)
        this = self._store.get_json(self._places.round(name, batch.round), Round)
        undisturbed = self._store.get_json(self._places.round(name, 0), Round) if batch.round else this
        for trial, digest in self._begun(batch).items():
            with contextlib.suppress(MissingError):  # it was written half: the trial is made once more
                self._fetch(trial, digest)
                self._bundles[trial] = digest
        plans = [parse(text) for text in this.plans[batch.first : batch.first + batch.size]]
        self._trials = [plan.trial_id(name) for plan in plans]
        return BatchPlans(plans=plans, places=frozenset(undisturbed.places), first_round=len(undisturbed.plans))

    @contextlib.asynccontextmanager
    async def keeping(
        self, batch: Batch, *, refused: Callable[[RigError], None] = lambda error: None
    ) -> AsyncIterator[None]:
        """Have the bundle of each trial kept as soon as it is judged; ``judged`` says that one is.

        Args:
            batch: The batch.
            refused: Called with why the store does not take something now; at the end it is given once more.
        """
        over = asyncio.Event()
        keeping = asyncio.create_task(self._keep_on(batch, over, refused))
        try:
            yield
        finally:
            over.set()
            self.judged()
            await keeping

    def judged(self) -> None:
        """Have what is judged kept now."""
        self._judged.set()

    def keep_batch(self, batch: Batch, result: SweepResult, shown: Sequence[TrialShown]) -> None:
        """Keep what a batch came to, and have no more of it on this machine.

        Raises:
            RigError: The store does not take it.
        """
        self._keep_judged(batch, again=True)
        passed = {each.trial for each in result.verdicts if self.thin and each.outcome is Outcome.PASS}
        bundles = {trial: digest for trial, digest in self._bundles.items() if trial not in passed}
        kept = BatchResult(result=sweep_as_json(_of_its_own(result)), bundles=bundles, shown=tuple(shown))
        self._store.put_json(self._places.batch(self.scenario.name, batch.round, batch.number), kept)
        for trial in passed & self._bundles.keys():
            self._store.remove_bundle(self._bundles[trial])
        for trial in self._bundles:
            shutil.rmtree(self._trial(trial), ignore_errors=True)
            shutil.rmtree(under_load(self._trial(trial)), ignore_errors=True)

    def end_round(self, over: RoundOver) -> int:
        """Keep the plans of the next round, and return how many there are.

        Those are, in the order of the plans of this round, the points that its recoveries were the first to show; where
        there are none, the pairs of strikes that were asked for.

        Raises:
            RigError: The store does not give or take it.
        """
        name = self.scenario.name
        self._store.put_json(self._places.over(name, over.round), Over(batches=over.batches, given_up=over.given_up))
        this = self._store.get_json(self._places.round(name, over.round), Round)
        places = set(this.places)
        plans: list[Plan] = []
        cuts = []
        for number in range(over.batches):
            for trial in () if this.pairs else self._shown_in(over.round, number):
                shown = [ShownCut(cut=cut, wanted=want) for cut, want in zip(trial.cuts, trial.wanted, strict=True)]
                for cut in first_shown(shown, known=places):
                    cuts.append(cut)
                    plans.append(further_plan(parse(trial.plan), cut, options=self.options))
        last = over.round == RECOVERY_ROUNDS
        pairs = [] if cuts or this.pairs else self._pairs()
        texts = () if last and not pairs else tuple(map(str, pairs or plans))
        following = Round(plans=texts, cuts=tuple(cuts), places=tuple(sorted(places)), pairs=bool(pairs))
        self._store.put_json(self._places.round(name, over.round + 1), following)
        return len(texts)

    def _pairs(self) -> list[Plan]:
        """Return the pairs of strikes that are tried when no recovery shows a new point any more."""
        if not self.options.pairs:
            return []
        name = self.scenario.name
        plans = list(map(parse, self._store.get_json(self._places.round(name, 0), Round).plans))
        batches = self._store.get_json(self._places.over(name, 0), Over).batches
        shown = [trial for number in range(batches) for trial in self._shown_in(0, number)]
        return chosen_pairs(plans, {parse(trial.plan): trial.second for trial in shown}, options=self.options)

    def keep_explored(self, explored: Explorations, part: ExplorationPart) -> None:
        """Keep what a part of the exploration of the scenario came to, with its evidence folder.

        Raises:
            RigError: The store does not take it.
        """
        bundle = self._store.add(packed_folders({for_file_name(self.scenario.name): Path(explored.folder)}))
        self._store.put_json(self._places.explored(self.scenario.name, part.number), Explored(bundle=bundle))

    def _shown_in(self, round_number: int, number: int) -> tuple[TrialShown, ...]:
        """Return what the recoveries of a batch showed; nothing of one that was given up."""
        try:
            batch = self._store.get_json(self._places.batch(self.scenario.name, round_number, number), BatchResult)
        except MissingError:
            return ()
        return batch.shown

    async def _keep_on(self, batch: Batch, over: asyncio.Event, refused: Callable[[RigError], None]) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._judged.wait()
            self._judged.clear()
            try:
                await asyncio.to_thread(self._keep_judged, batch)
            except RigError as error:
                refused(error)

    def _keep_judged(self, batch: Batch, *, again: bool = False) -> None:
        """Keep the bundles of the trials that were judged, and name each for another attempt at this batch.

        Args:
            batch: The batch.
            again: Whether those that were run again in quiet are kept once more, too.
        """
        folder = self._places.begun(self.scenario.name, batch.round, batch.number)
        for trial in map(self._trial, self._trials):
            is_new = trial.name not in self._bundles or (again and under_load(trial).is_dir())
            if is_new and is_judged(trial):
                bundle = self._store.add(packed(trial))
                self._store.put_json(f"{folder}/{trial.name}", bundle)
                self._bundles[trial.name] = bundle

    def _begun(self, batch: Batch) -> dict[str, str]:
        folder = self._places.begun(self.scenario.name, batch.round, batch.number)
        begun = {}
        for trial in self._store.names(folder):
            with contextlib.suppress(MissingError):  # it was written half
                begun[trial] = self._store.get_json(f"{folder}/{trial}", str)
        return begun

    def _fetch(self, trial: str, digest: str) -> None:
        if not is_judged(self._trial(trial)):
            unpack(self._store.bundle(digest), into=self.folder)

    def _trial(self, trial: str) -> Path:
        return self.folder / "trials" / trial


def shown_by(
    plan: Plan, evidence: Evidence | None, *, scenario: Scenario, options: SweepOptions, batch: BatchPlans
) -> TrialShown:
    """Return what the recovery of a trial shows at places that the undisturbed trials did not meet, and for pairs.

    Args:
        plan: The plan of the trial.
        evidence: Its evidence; None where its recovery is not followed.
        scenario: The scenario.
        options: How it is swept.
        batch: The batch that it belongs to.
    """
    if evidence is None:
        return TrialShown(plan=str(plan))
    lacks = functools.partial(
        why_not_made, scenario=scenario, engine=engine(evidence.engine), real_time=options.real_time
    )
    chosen = [fault for fault in chosen_faults(scenario, options) if not lacks(fault)]
    is_new = is_followed(evidence, options)
    shown = shown_cuts(chosen, evidence, known=set(batch.places)) if is_new else []
    most = most_after_one(batch.first_round, pairs=options.pairs)
    return TrialShown(
        plan=str(plan),
        cuts=tuple(each.cut for each in shown),
        wanted=tuple(each.wanted for each in shown),
        second=second_strikes(evidence, chosen=chosen, known=batch.places, options=options, most=most),
    )


def _of_its_own(result: SweepResult) -> SweepResult:
    """Return what the trials of a batch came to; what the undisturbed ones showed is kept beside them, once."""
    return SweepResult(
        scenario=result.scenario,
        verdicts=result.verdicts,
        struck=result.struck,
        unreachable=result.unreachable,
        lone=result.lone,
        notes=result.notes,
        seconds=result.seconds,
    )
