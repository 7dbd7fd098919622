"""A sweep that several machines share comes to what it comes to on one, whoever makes which batch."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.campaign.merging import fetch_evidence, merged
from harness.campaign.orders import Batch
from harness.campaign.places import BatchResult, Places
from harness.campaign.store import Store
from harness.campaign.store_by_url import store_by_url
from harness.errors import RigError
from harness.records.options import SweepOptions
from harness.records.result_json import run_as_json
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import UNFINISHED, SweepResult
from harness.records.verdict import Outcome
from harness.sweeps.rounds import ENDLESS
from tests.unit.campaign.scripted import ScriptedTrialMaker, shared_by, swept_by_machines
from tests.unit.sweeps.test_sweep import FIRST, TRIP, Script, struck, sweep

PLACES = Places("tour")
TWO_FAMILIES = ("kill-worker", "unavailable-once", "reply-lost")
RECORD = RunRecord(command=("crashproof",), cwd="", started=1.0, scenarios=(DeclaredScenario(name=TRIP.name),))


def come_to(store: Store) -> SweepResult:
    store.put_json(PLACES.declared, run_as_json(RECORD))
    return merged(store, PLACES).sweeps[0]


SCRIPTS = {
    "nothing new": Script(recoveries={"*": ("Book",)}),
    "a refund after two": Script(recoveries={FIRST[0]: ("Refund",), FIRST[2]: ("Refund", "Mail")}),
    "a recovery of a recovery": Script(recoveries={FIRST[1]: ("Refund",), struck("Refund"): ("Apologise",)}),
    "one fails": Script(recoveries={FIRST[1]: ("ChargeTwice",), "*": ("Refund",)}),
    "an engine that lacks a fault": Script(recoveries={"*": ("Refund",)}, engine="time-skipping"),
    "one is not reached": Script(recoveries={"*": ("Refund",)}, missed=("before/Refund/Trip",)),
}


@pytest.mark.parametrize("batch", [1, 2, 50])
@pytest.mark.parametrize("name", SCRIPTS)
def test_it_comes_to_what_one_machine_comes_to(name: str, batch: int, tmp_path: Path) -> None:
    alone = sweep(SCRIPTS[name], tmp_path / "alone")
    together = come_to(swept_by_machines(SCRIPTS[name], tmp_path / "together", batch=batch))
    assert together.verdicts == alone.verdicts
    assert (together.cuts, together.struck, together.unreachable) == (alone.cuts, alone.struck, alone.unreachable)
    assert (together.outcome, together.untried, together.limit) == (alone.outcome, (), "")


@pytest.mark.parametrize("options", [{"once_each": True}, {"only": ("before/Pay/Trip",)}], ids=str)
def test_the_same_recoveries_are_followed(options: dict[str, Any], tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("Refund",), "*": ("Mail",)})
    alone = sweep(script, tmp_path / "alone", **options)
    together = come_to(swept_by_machines(script, tmp_path / "together", **options))
    assert (together.verdicts, together.cuts, together.struck) == (alone.verdicts, alone.cuts, alone.struck)


@pytest.mark.parametrize("pairs", [2, 50])
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_pairs_are_tried(name: str, pairs: int, tmp_path: Path) -> None:
    alone = sweep(SCRIPTS[name], tmp_path / "alone", pairs=pairs, faults=TWO_FAMILIES)
    together = come_to(swept_by_machines(SCRIPTS[name], tmp_path / "together", pairs=pairs, faults=TWO_FAMILIES))
    assert 0 < len(together.pairs) <= pairs
    assert (together.pairs, together.lone, together.verdicts) == (alone.pairs, alone.lone, alone.verdicts)
    assert (together.cuts, together.struck, together.unreachable) == (alone.cuts, alone.struck, alone.unreachable)
    assert (together.untried, together.untried_pairs, together.limit) == ((), (), "")


def test_pairs_that_no_machine_could_make_are_untried(tmp_path: Path) -> None:
    store = swept_by_machines(SCRIPTS["nothing new"], tmp_path, pairs=4)
    store.put(PLACES.batch(TRIP.name, 1, 0), b"half")
    result = come_to(store)
    assert result.untried_pairs == result.pairs[:2]
    assert (result.untried, result.limit, result.outcome) == ((), UNFINISHED, Outcome.UNKNOWN)


def test_rounds_end_where_every_recovery_does_something_new(tmp_path: Path) -> None:
    chain = [struck(f"Step{number}") for number in range(20)]
    script = Script(recoveries=dict(zip([FIRST[0], *chain], [(f"Step{n}",) for n in range(21)], strict=False)))
    alone = sweep(script, tmp_path / "alone")
    together = come_to(swept_by_machines(script, tmp_path / "together"))
    assert alone.limit == together.limit == ENDLESS
    assert together.untried == alone.untried


def test_a_batch_that_no_machine_could_make_leaves_its_points_untried(tmp_path: Path) -> None:
    result = come_to(swept_by_machines(Script(recoveries={"*": ("Book",)}), tmp_path, lose=1))
    assert [str(strike) for strike in result.untried] == FIRST[2:]
    assert result.outcome is Outcome.UNKNOWN
    assert "batch was given up" in result.limit


def test_a_campaign_that_is_under_way_says_that_it_is(tmp_path: Path) -> None:
    store = store_by_url(str(tmp_path))
    assert (come_to(store).reason, come_to(store).outcome) == (UNFINISHED, Outcome.UNKNOWN)


def test_a_result_that_was_written_half_counts_as_none(tmp_path: Path) -> None:
    store = swept_by_machines(Script(recoveries={"*": ("Book",)}), tmp_path)
    store.put(PLACES.batch(TRIP.name, 0, 0), b'{"result": {"scenario"')
    result = come_to(store)
    assert [str(strike) for strike in result.untried] == FIRST[:2]
    assert (result.limit, result.outcome) == (UNFINISHED, Outcome.UNKNOWN)


def test_trials_that_a_batch_has_made_are_not_made_again(tmp_path: Path) -> None:
    script = Script(recoveries={"*": ("Book",)})
    store = swept_by_machines(script, tmp_path)
    order = Batch(campaign="tour", store=store.url, scenario=TRIP.name, code="", round=0, number=0, first=0, size=2)
    made_before = len(script.plans)
    bundles = dict(store.get_json(PLACES.batch(TRIP.name, 0, 0), dict)["bundles"])
    lost, kept = sorted(bundles)
    store.put(f"bundles/{bundles[lost][:2]}/{bundles[lost]}.tar.gz", b"half")
    for trial, bundle in bundles.items():
        store.put_json(f"{PLACES.begun(TRIP.name, 0, 0)}/{trial}", bundle)
    shared = shared_by(tmp_path / "another", store=store, options=SweepOptions())
    plans = shared.fetch(order).plans
    again = ScriptedTrialMaker(script).some(
        TRIP, plans, folder=tmp_path / "another", options=SweepOptions(), tried=lambda plan, evidence: None
    )
    result = asyncio.run(again)
    assert {verdict.trial for verdict in result.verdicts} == {lost, kept}
    assert script.plans[made_before:] == [str(plan) for plan in plans if plan.trial_id(TRIP.name) == lost]


def test_what_the_store_does_not_take_at_once_is_told_and_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = swept_by_machines(Script(), tmp_path, batch=2)
    order = Batch(campaign="tour", store=store.url, scenario=TRIP.name, code="", round=0, number=9, first=0, size=2)
    shared = shared_by(tmp_path / "machine", store=store, options=SweepOptions())
    plans, told = shared.fetch(order).plans, list[str]()

    def refuses(bundle: bytes) -> str:
        raise RigError("the store is out of order")

    async def kept() -> None:
        result = await ScriptedTrialMaker(Script()).some(
            TRIP, plans, folder=tmp_path / "machine", options=SweepOptions(), tried=lambda plan, evidence: None
        )
        async with asyncio.timeout(60), shared.keeping(order, refused=lambda error: told.append(str(error))):
            with monkeypatch.context() as patched:
                patched.setattr(store, "add", refuses)
                while not told:
                    shared.judged()
                    await asyncio.sleep(0.01)
        shared.keep_batch(order, result, [])

    asyncio.run(kept())
    assert set(told) == {"the store is out of order"}
    assert len(store.get_json(PLACES.batch(TRIP.name, 0, 9), BatchResult).bundles) == 2


def test_all_evidence_can_be_fetched_but_what_is_lost_which_is_said(tmp_path: Path) -> None:
    store = swept_by_machines(Script(recoveries={"*": ("Book",)}), tmp_path)
    result = come_to(store)
    record = merged(store, PLACES)
    assert fetch_evidence(store, PLACES, record=record, folder=tmp_path / "run") == []
    assert {each.name for each in (tmp_path / "run" / "trials").iterdir()} == {each.trial for each in result.verdicts}
    digest = next(iter(store.get_json(PLACES.batch(TRIP.name, 0, 1), dict)["bundles"].values()))
    store.put(f"bundles/{digest[:2]}/{digest}.tar.gz", b"")
    [lost] = fetch_evidence(store, PLACES, record=record, folder=tmp_path / "again")
    assert lost.startswith("trip: the store ")
