"""The activities of a campaign: what machines do when its workflows ask them to.

Each one can be done twice, by another machine, or begin where one that died has ended:

1. What an activity is told is an order of a few hundred bytes; the rest is read from the store.
2. Trials are made in a folder of this machine. Whenever one is judged its bundle goes to the store, and a file of the
   batch names it. These files, and not the heartbeat's details, are what the next attempt begins with, for they are
   there when the machine is not; the details are the end of its log, which is told where the batch is given up.
3. What a batch came to is written last, under a name of its own. Who reads it finds all bundles that it names.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from harness.campaign.merging import fetch_explored, merged, replayed_in
from harness.campaign.orders import (
    OTHER_CODE,
    BaselinesDone,
    Batch,
    BatchDone,
    CampaignDone,
    CampaignOrder,
    CampaignOver,
    ExplorationPart,
    Prepared,
    ReplayBatch,
    RoundOver,
    Work,
)
from harness.campaign.places import THIN, Places, Replayed, TrialShown
from harness.campaign.shared_sweep import SharedSweep, shown_by
from harness.campaign.store import MissingError, Store
from harness.campaign.trial_maker import TrialMaker
from harness.errors import RigError, UsageError, first_error
from harness.foreign import for_file_name
from harness.records.evidence import Evidence
from harness.records.explore_result import Explorations
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.replay_result import ReplayResult
from harness.records.result_json import run_as_json, run_of
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult, count, outcome
from harness.records.verdict import Outcome, worst

_BEAT_EVERY = 5.0  # seconds
_LOGGED = 5  # lines at the end of the log of a batch that a heartbeat carries

_STORE_FAILURES = "crashproof_campaign_store_failures"

LOG = logging.getLogger("crashproof.campaign")
"""The log of a machine that works for campaigns: each attempt at an activity, with whose it is."""


class CampaignActivities:
    """What one machine does for campaigns.

    Args:
        maker: Makes trials.
        folder: Where evidence is until it is in the store.
        code: Digest of the code under test on this machine.
        machine: Task queue of this machine alone.
        prepare: Reads the scenarios that an order names, and returns the record of the run that begins.
        scenario: Returns a scenario that a record declares.
        options: Returns the options that a record keeps.
        tell: Called with what happens.
        store: Returns the store of a URL.
        explore: Explores a part of a scenario that a record declares, with its evidence below a folder.
        put_together: Puts explorations together into an evidence folder below another one.
        count_histories: Returns how many histories the options of a record name.
        replay: Replays a batch of them; None: there are none.
    """

    def __init__(
        self,
        *,
        maker: TrialMaker,
        folder: Path,
        code: str,
        machine: str,
        prepare: Callable[[CampaignOrder], RunRecord],
        scenario: Callable[[DeclaredScenario], Scenario],
        options: Callable[[RunRecord], SweepOptions],
        tell: Callable[[News], None],
        store: Callable[[str], Store],
        explore: Callable[[DeclaredScenario, Path, ExplorationPart], Awaitable[Explorations | None]],
        put_together: Callable[[Sequence[Path], Path], Explorations],
        count_histories: Callable[[RunRecord], int] = lambda record: 0,
        replay: Callable[[RunRecord, ReplayBatch], Awaitable[ReplayResult]] | None = None,
    ) -> None:
        self._maker = maker
        self._folder = folder
        self._code = code
        self._machine = machine
        self._prepare = prepare
        self._scenario = scenario
        self._options = options
        self._tell = tell
        self._store = store
        self._explore = explore
        self._put_together = put_together
        self._count_histories = count_histories
        self._replay = replay

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """The activities, to be registered."""
        return (
            self.prepare,
            self.make_baselines,
            self.try_batch,
            self.end_round,
            self.explore,
            self.replay,
            self.merge,
        )

    @activity.defn
    async def prepare(self, order: CampaignOrder) -> Prepared:
        """Read the scenarios of a campaign, and keep what they are."""
        async with self._working():
            store, places = self._store(order.store), Places(activity.info().workflow_id or "")
            await asyncio.to_thread(_begin, store, places, activity.info().workflow_run_id or "")
            record = await asyncio.to_thread(self._prepare, order)
            await asyncio.to_thread(store.put_json, places.declared, run_as_json(record))
            histories = await asyncio.to_thread(self._count_histories, record)
            names = tuple(each.name for each in record.scenarios)
            return Prepared(scenarios=names, code=self._code, histories=histories)

    @activity.defn
    async def make_baselines(self, work: Work) -> BaselinesDone:
        """Make the undisturbed trials of a scenario, and say how many plans there are to try."""
        async with self._working():
            shared = await self._begun(work)
            seen = await self._maker.undisturbed(shared.scenario, folder=shared.folder, options=shared.options)
            await asyncio.to_thread(shared.keep_undisturbed, seen)
            return BaselinesDone(plans=len(seen.plans), machine=self._machine)

    @activity.defn
    async def try_batch(self, batch: Batch) -> BatchDone:
        """Make the trials of some plans of a round."""
        log = [f"attempt {activity.info().attempt} on {self._machine}"]
        async with self._working(log):
            shared = await self._begun(batch)
            if kept := await asyncio.to_thread(shared.kept, batch):
                return self._done(kept)
            fetched = await asyncio.to_thread(shared.fetch, batch)
            shown: list[TrialShown] = []

            def tried(plan: Plan, evidence: Evidence | None) -> None:
                shown.append(shown_by(plan, evidence, options=shared.options, scenario=shared.scenario, batch=fetched))
                log.append(f"tried {plan}")
                shared.judged()

            async with shared.keeping(batch, refused=_store_refused):
                result = await self._maker.some(
                    shared.scenario, fetched.plans, folder=shared.folder, options=shared.options, tried=tried
                )
            await asyncio.to_thread(shared.keep_batch, batch, result, shown)
            return self._done(result)

    @activity.defn
    async def end_round(self, over: RoundOver) -> int:
        """Say which points the recoveries of a round were the first to show, and return how many are to be tried."""
        async with self._working():
            shared = await self._begun(over)
            return await asyncio.to_thread(shared.end_round, over)

    @activity.defn
    async def explore(self, part: ExplorationPart) -> None:
        """Explore a part of a scenario: orders in which the world can answer its worker, within the usual budgets."""
        async with self._working():
            shared = await self._begun(part)
            explored = await self._explore(shared.declared, shared.folder / "explorations", part)
            if explored:
                await asyncio.to_thread(shared.keep_explored, explored, part)

    @activity.defn
    async def replay(self, batch: ReplayBatch) -> None:
        """Replay some histories strictly, against the workflow code of this machine."""
        async with self._working():
            self._refuse_other_code(batch.code)
            store, places = self._store(batch.store), Places(batch.campaign)
            record = run_of(await asyncio.to_thread(store.get_json, places.declared, dict))
            assert self._replay
            replayed = Replayed(result=await self._replay(record, batch), of=batch.of)
            await asyncio.to_thread(store.put_json, places.replayed(batch.number), replayed)

    @activity.defn
    async def merge(self, over: CampaignOver) -> CampaignDone:
        """Put together what the scenarios of a campaign came to."""
        async with self._working():
            store, places = self._store(over.store), Places(over.campaign)
            await asyncio.to_thread(store.put_json, places.given_up, over.given_up)
            record = await asyncio.to_thread(merged, store, places)
            await asyncio.to_thread(store.put_json, places.result, run_as_json(record))
            explored = await asyncio.to_thread(self._explored, store, places, record)
            replayed = await asyncio.to_thread(replayed_in, store, places, record)
            verdicts = [verdict for sweep in record.sweeps for verdict in sweep.verdicts]
            return CampaignDone(
                outcome=worst([outcome(record.sweeps), *(each.outcome for each in (explored, replayed) if each)]),
                trials=len(verdicts),
                failed=count(verdicts, Outcome.FAIL),
                findings=sum(len(sweep.findings) for sweep in record.sweeps)
                + sum(len(each.findings) for each in (explored.results if explored else ()))
                + (len(replayed.findings) if replayed else 0),
            )

    def _explored(self, store: Store, places: Places, record: RunRecord) -> Explorations | None:
        """Return what the explorations of a campaign came to, put together; None where nothing was explored."""
        with tempfile.TemporaryDirectory(prefix="crashproof-") as folder:
            parts = fetch_explored(store, places, record=record, folder=Path(folder) / "parts")
            return self._put_together(parts, Path(folder) / "explorations") if parts else None

    def _done(self, result: SweepResult) -> BatchDone:
        failed = count(result.verdicts, Outcome.FAIL)
        return BatchDone(tried=len(result.verdicts), failed=failed, machine=self._machine)

    async def _begun(self, work: Work) -> SharedSweep:
        """Return what an order is about.

        Raises:
            ApplicationError: This machine has other code under test than the one that began the campaign.
        """
        self._refuse_other_code(work.code)
        store, places = self._store(work.store), Places(work.campaign)
        kept = await asyncio.to_thread(store.get_json, places.declared, dict)
        record = run_of(kept)
        declared = next(each for each in record.scenarios if each.name == work.scenario)
        folder = self._folder / for_file_name(work.campaign) / for_file_name(work.scenario)
        return SharedSweep(
            store=store,
            places=places,
            scenario=await asyncio.to_thread(self._scenario, declared),
            declared=declared,
            options=self._options(record),
            folder=folder,
            thin=record.options.get(THIN, False),
        )

    def _refuse_other_code(self, code: str) -> None:
        if code != self._code:
            message = (
                f"the machine {self._machine} has other code, or other versions, than the one that began the campaign: "
                "let all workers run from the same image"
            )
            raise ApplicationError(message, type=OTHER_CODE)

    @contextlib.asynccontextmanager
    async def _working(self, log: Sequence[str] = ()) -> AsyncIterator[None]:
        """Say again and again that this machine is there, and tell what cannot be done here as what it is.

        Args:
            log: What was done so far: its end is what is left of it where this machine dies.

        Raises:
            ApplicationError: It cannot be done here; or, where it is not to be tried again, on no machine.
        """
        if log:
            activity.heartbeat(log)
        beating = asyncio.create_task(_beat(log))
        whose = _whose(activity.info())
        LOG.info("%s begins", whose)
        try:
            yield
            LOG.info("%s is done", whose)
        except (Exception, BaseExceptionGroup) as error:
            first = first_error(error)
            self._tell(News(text=f"{whose} failed: {first}"))
            if not isinstance(first, UsageError | RigError):
                raise
            final = isinstance(first, UsageError)
            raise ApplicationError(str(first), type=type(first).__name__, non_retryable=final) from None
        finally:
            beating.cancel()


def _whose(info: activity.Info) -> str:
    """Say whose an attempt is, so that it is found in the logs by workflow, run and attempt."""
    return f"{info.activity_type} of {info.workflow_id} (run {info.workflow_run_id}, attempt {info.attempt})"


def _store_refused(error: RigError) -> None:
    """Log and count that the store did not take something in the midst of a batch, which does not fail by that."""
    LOG.warning("%s goes on: %s", _whose(activity.info()), error)
    activity.metric_meter().create_counter(_STORE_FAILURES, "What a store did not take at once").add(1)


def _begin(store: Store, places: Places, run: str) -> None:
    """Keep which run of the workflow asks for the campaign, so that no other one takes its evidence for its own.

    Raises:
        UsageError: The store has a campaign of that id already.
        RigError: It does not answer.
    """
    try:
        is_new = store.get_json(places.asked, str) != run
    except MissingError:
        store.put_json(places.asked, run)
        return
    if is_new:
        message = (
            f"the store {store.url} has a campaign {places.campaign!r} already: give another --id, or another --store"
        )
        raise UsageError(message)


async def _beat(log: Sequence[str]) -> None:
    timeout = activity.info().heartbeat_timeout
    every = timeout.total_seconds() / 4 if timeout else _BEAT_EVERY
    while True:
        await asyncio.sleep(every)
        activity.heartbeat([*log[:1], *log[1:][-_LOGGED:]])
