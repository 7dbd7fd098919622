"""The activities of a campaign, done twice, and told what does not belong to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from harness.campaign.activities import CampaignActivities
from harness.campaign.merging import fetch_explored, replayed_in, result_of
from harness.campaign.orders import (
    Batch,
    BatchDone,
    CampaignOrder,
    CampaignOver,
    ExplorationPart,
    ReplayBatch,
    RoundOver,
    Work,
)
from harness.campaign.places import HISTORIES, SHARDS, THIN, BatchResult, Places
from harness.campaign.store import MissingError, Store
from harness.campaign.store_by_url import store_by_url
from harness.records.explore_result import Explorations, ExploreResult
from harness.records.options import SweepOptions
from harness.records.replay_result import ReplayedHistory, ReplayResult
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.verdict import Outcome
from tests.unit.campaign.scripted import ScriptedTrialMaker
from tests.unit.sweeps.test_sweep import FIRST, TRIP, Script

FAILS = Script(recoveries={FIRST[1]: ("ChargeTwice",), "*": ("Book",)})


async def explored(declared: DeclaredScenario, folder: Path, part: ExplorationPart) -> Explorations:
    """Explore a part of the scenario of a machine, which cannot be done."""
    place = folder / str(part.number)
    place.mkdir(parents=True)
    (place / "exploration.json").write_text(f'{{"part": {part.number}}}')
    return Explorations(results=(ExploreResult(scenario=declared.name, reason="no"),), folder=str(place))


async def replayed(record: RunRecord, batch: ReplayBatch) -> ReplayResult:
    """Replay one history of a batch."""
    history = ReplayedHistory(file=f"{batch.number}.json", outcome=Outcome.PASS, commands=1)
    return ReplayResult(against="trips", histories=(history,), seconds=1.5)


def put_together(parts: Sequence[Path], out: Path) -> Explorations:
    """Put parts together, of which each says the same."""
    numbers = [json.loads((part / "exploration.json").read_text())["part"] for part in parts]
    return Explorations(results=tuple(ExploreResult(scenario=f"part {number}") for number in numbers))


@dataclass
class Machine:
    """Does the activities of one campaign, as its workflows ask.

    Attributes:
        folder: Where its store and its trials are.
        script: What happens in trials.
        options: What the campaign is asked for.
    """

    folder: Path
    script: Script
    options: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.folder / "store")

    @property
    def store(self) -> Store:
        return store_by_url(self.url)

    @property
    def order(self) -> CampaignOrder:
        return CampaignOrder(store=self.url, targets=("trip",), options=self.options)

    @property
    def work(self) -> Work:
        return Work(campaign="tour", store=self.url, scenario=TRIP.name, code="c")

    def batch(self, size: int) -> Batch:
        return Batch(**vars(self.work), round=0, number=0, first=0, size=size)

    def do(self, activity: str, order: Any, *, run: str = "r1") -> Any:
        activities = CampaignActivities(
            maker=ScriptedTrialMaker(self.script),
            folder=self.folder / "trials",
            code="c",
            machine="here",
            prepare=lambda order: RunRecord(
                command=(), cwd="", started=1.0, scenarios=(DeclaredScenario(name=TRIP.name),), options=order.options
            ),
            scenario=lambda declared: TRIP,
            options=lambda record: SweepOptions(),
            tell=lambda news: None,
            store=store_by_url,
            explore=explored,
            put_together=put_together,
            count_histories=lambda record: 3,
            replay=replayed,
        )
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, workflow_id="tour", workflow_run_id=run)
        return asyncio.run(environment.run(getattr(activities, activity), order))


def machine(folder: Path, script: Script = FAILS, **options: Any) -> Machine:
    """Return a machine of a campaign whose undisturbed trials are made."""
    made = Machine(folder, script, options)
    made.do("prepare", made.order)
    made.do("make_baselines", made.work)
    return made


def test_a_store_that_has_a_campaign_of_that_id_refuses_another_one_and_not_the_same_again(tmp_path: Path) -> None:
    here = machine(tmp_path)
    here.do("prepare", here.order)
    with pytest.raises(ApplicationError, match="has a campaign 'tour' already: give another --id") as refused:
        here.do("prepare", here.order, run="r2")
    assert refused.value.non_retryable


def test_a_batch_that_was_made_is_not_made_again(tmp_path: Path) -> None:
    here = machine(tmp_path, script := Script(recoveries=FAILS.recoveries))
    done = here.do("try_batch", here.batch(3))
    assert done == BatchDone(tried=3, failed=1, machine="here")
    made = list(script.plans)
    assert here.do("try_batch", here.batch(3)) == done
    assert script.plans == made


def test_of_trials_that_passed_no_evidence_is_kept_where_that_is_asked(tmp_path: Path) -> None:
    thin, whole = machine(tmp_path / "thin", **{THIN: True}), machine(tmp_path / "whole")
    for here, kept in ((thin, 1), (whole, 3)):
        here.do("try_batch", here.batch(3))
        result = here.store.get_json(Places("tour").batch(TRIP.name, 0, 0), BatchResult)
        assert len(result.bundles) == kept
        assert len(list((here.folder / "store" / "bundles").rglob("*.gz"))) == kept + 2  # those undisturbed
        here.do("end_round", RoundOver(**vars(here.work), round=0, batches=1))
        here.do("merge", CampaignOver(campaign="tour", store=here.url, given_up={}))
        [sweep] = result_of(here.store, Places("tour")).sweeps
        assert [each.outcome for each in sweep.verdicts].count(Outcome.FAIL) == 1
        assert ("--thin" in " ".join(sweep.notes)) == (here is thin)


def test_what_it_came_to_is_read_as_it_was_put_together(tmp_path: Path) -> None:
    here, places = machine(tmp_path), Places("tour")
    here.do("try_batch", here.batch(3))
    so_far = result_of(here.store, places)
    with pytest.raises(MissingError):
        here.store.get(places.result)
    here.do("end_round", RoundOver(**vars(here.work), round=0, batches=1))
    here.do("merge", CampaignOver(campaign="tour", store=here.url, given_up={}))
    here.store.put(places.batch(TRIP.name, 0, 0), b"lost")
    assert result_of(here.store, places).sweeps[0].verdicts == so_far.sweeps[0].verdicts


def test_what_an_exploration_came_to_counts_and_its_evidence_is_kept(tmp_path: Path) -> None:
    here = machine(tmp_path, Script(recoveries={"*": ("Book",)}), **{SHARDS: 2})
    here.do("try_batch", here.batch(3))
    here.do("end_round", RoundOver(**vars(here.work), round=0, batches=1))
    merge = CampaignOver(campaign="tour", store=here.url, given_up={})
    assert here.do("merge", merge).outcome == "PASS"
    here.do("explore", ExplorationPart(**vars(here.work), number=1, of=2))
    assert here.do("merge", merge).outcome == "UNKNOWN"
    here.do("explore", ExplorationPart(**vars(here.work), number=0, of=2))
    record = result_of(here.store, Places("tour"))
    parts = fetch_explored(here.store, Places("tour"), record=record, folder=tmp_path / "unpacked")
    assert [json.loads((part / "exploration.json").read_text())["part"] for part in parts] == [0, 1]


def test_replays_count_and_a_batch_that_nobody_has_replayed_is_told(tmp_path: Path) -> None:
    here = machine(tmp_path, Script(recoveries={"*": ("Book",)}), **{HISTORIES: ["histories/"]})
    here.do("try_batch", here.batch(3))
    here.do("end_round", RoundOver(**vars(here.work), round=0, batches=1))
    merge, places = CampaignOver(campaign="tour", store=here.url, given_up={}), Places("tour")
    assert here.do("merge", merge).outcome == "UNKNOWN"
    for number, expected in ((1, "UNKNOWN"), (0, "PASS")):
        here.do("replay", ReplayBatch(campaign="tour", store=here.url, code="c", number=number, of=2))
        assert here.do("merge", merge).outcome == expected
        result = replayed_in(here.store, places, result_of(here.store, places))
        assert result
        assert (str(result.outcome), len(result.histories)) == (expected, 2)
        assert result.histories[-1].reason == ("no machine has replayed its histories" if number else "")
    with pytest.raises(ApplicationError, match="has other code"):
        here.do("replay", ReplayBatch(campaign="tour", store=here.url, code="other", number=0, of=2))
