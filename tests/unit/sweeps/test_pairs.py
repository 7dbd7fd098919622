"""Pairs: which strikes come second, which pairs come first, and what is said of those whose second one did not come."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from harness.records.plan import parse
from harness.records.point import place_of
from harness.records.sweep_result import UNFINISHED, SweepResult
from harness.records.verdict import Outcome
from harness.sweeps.pairs import are_pairs, most_after_one
from tests.unit.sweeps.test_sweep import FIRST, Script, struck, sweep

ON = f"{FIRST[0]},{FIRST[1]}"
"""The pair that is nearest: killed before it books, and again before it pays."""


def test_the_second_strike_comes_after_the_first_and_the_nearest_comes_first(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[1]: ("Book",)})
    found = sweep(script, tmp_path, pairs=50)
    assert script.plans[5:] == list(map(str, found.pairs))
    assert script.plans[5:] == [
        ON,
        f"{FIRST[1]},{FIRST[0]}",
        f"{FIRST[0]},{FIRST[2]}",
        f"{FIRST[1]},{struck('Book', position='after')}",
    ]
    assert (found.outcome, found.lone, found.untried_pairs) == (Outcome.PASS, (), ())
    few = sweep(Script(recoveries={FIRST[1]: ("Book",)}), tmp_path / "few", pairs=3)
    assert few.pairs == found.pairs[:3]


def test_without_being_asked_for_no_pair_is_made(tmp_path: Path) -> None:
    script = Script(recoveries={"*": ("Book",)})
    assert sweep(script, tmp_path).pairs == ()
    assert not any("," in plan for plan in script.plans)


def test_one_of_each_pair_of_fault_families_comes_first(tmp_path: Path) -> None:
    script = Script(recoveries={"*": ("Book", "Pay")})
    found = sweep(script, tmp_path, pairs=4, faults=("kill-worker", "unavailable-once", "reply-lost"))
    families = {tuple(fault.family for fault in pair.faults) for pair in found.pairs}
    assert families == set(itertools.product(("process", "wire"), repeat=2))


def test_pairs_come_after_the_points_that_recoveries_showed_and_leave_those_out(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("Refund",)})
    found = sweep(script, tmp_path, pairs=50)
    last = max(number for number, plan in enumerate(script.plans) if "Refund" in plan)
    assert script.plans[last + 1 :] == list(map(str, found.pairs)) == [ON]


def test_what_only_a_pair_shows_is_found_and_told_with_both_strikes(tmp_path: Path) -> None:
    script = Script(recoveries={ON: ("ChargeTwice",)})
    assert sweep(script, tmp_path / "without").outcome is Outcome.PASS
    found = sweep(script, tmp_path / "with", pairs=1)
    assert (found.outcome, str(found.findings[0].verdict.plan)) == (Outcome.FAIL, ON)
    assert [str(strike) for strike in found.struck] == FIRST
    assert len(found.of_cuts) == len(found.verdicts) - 1


def test_a_second_strike_that_did_not_come_is_told_and_counts_neither_way(tmp_path: Path) -> None:
    found = sweep(Script(recoveries={FIRST[1]: ("Book",)}, missed=(ON,)), tmp_path, pairs=2)
    assert (found.outcome, found.vacuous, [str(pair) for pair in found.lone]) == (Outcome.PASS, 0, [ON])
    assert [str(strike) for strike in found.struck] == FIRST
    assert (found.untried_pairs, found.unreachable) == ((), ())


def test_where_no_second_strike_came_the_pairs_prove_nothing(tmp_path: Path) -> None:
    found = sweep(Script(missed=(ON,)), tmp_path, pairs=1)
    assert (found.outcome, found.has_lone_pairs_only) == (Outcome.UNKNOWN, True)


def test_pairs_that_a_limit_left_are_untried(tmp_path: Path) -> None:
    kept: list[SweepResult] = []
    script = Script(recoveries={FIRST[1]: ("Book",), ON: ("ChargeTwice",)})
    found = sweep(script, tmp_path, pairs=2, max_failures=1, kept=kept)
    assert (kept[-1].limit, kept[-1].reason, len(kept[-1].untried_pairs)) == ("", UNFINISHED, 2)
    assert [str(pair) for pair in found.untried_pairs] == [f"{FIRST[1]},{FIRST[0]}"]
    assert found.untried == ()


@pytest.mark.parametrize(("plans", "pairs", "most"), [(0, 5, 20), (10, 100, 20), (10, 1000, 100)])
def test_enough_is_looked_at_after_each_first_strike(plans: int, pairs: int, most: int) -> None:
    assert most_after_one(plans, pairs=pairs) == most


def test_a_pair_is_told_from_the_strike_that_led_to_a_point_of_a_recovery() -> None:
    pair, recovery = parse(ON), parse(f"{FIRST[0]},{struck('Refund')}")
    known = {place_of(strike.partition("@")[2]) for strike in FIRST}
    assert are_pairs([pair, recovery, parse(FIRST[0])], known=known) == [pair]


@pytest.mark.parametrize(("engine", "pauses"), [("dev", True), ("time-skipping", False)])
def test_a_fault_that_the_engine_lacks_is_not_made_at_the_points_of_a_recovery_either(
    tmp_path: Path, engine: str, pauses: bool
) -> None:
    refused = struck("Book", fault="unavailable-once")
    script = Script(recoveries={refused: ("Refund",)}, engine=engine)
    found = sweep(script, tmp_path, faults=("pause-worker", "unavailable-once"), pairs=9)
    after = [plan.removeprefix(f"{refused},") for plan in script.plans if plan.startswith(f"{refused},")]
    assert struck("Refund", fault="unavailable-once") in after
    assert any(plan.startswith("pause-worker") for plan in after) == pauses
    assert ("pause-worker" in found.not_applicable) != pauses
