"""What a run came to fault by fault: every trial counts once, and what could be made somewhere is not inapplicable."""

from __future__ import annotations

from harness import faults
from harness.records.verdict import Outcome
from harness.report.sweep.by_fault import FaultTotal, grouped, listed, nowhere, somewhere, totals
from tests.unit.report.samples import KILL, NO_MODEL, NO_RESTART, every_fault, several, swept, verdict


def test_each_fault_has_its_points_and_its_trials() -> None:
    assert totals([several()]) == (
        FaultTotal(fault="kill-worker", known=1, struck=1, failed=1),
        FaultTotal(fault="kill-server", known=1, struck=1, passed=1),
        FaultTotal(fault="unavailable-once", unreachable=1),
        FaultTotal(fault="model-429", not_applicable=NO_MODEL),
        FaultTotal(fault="model-400", not_applicable=NO_MODEL),
    )


def test_all_faults_are_listed_in_their_order_and_every_trial_but_the_baselines_counts_once() -> None:
    named = {cut.fault for cut in every_fault().cuts} | set(every_fault().not_applicable)
    run = every_fault()
    found = totals([run])
    assert [each.fault for each in found] == [fault.name for fault in faults.listed() if fault.name in named]
    assert [each.family for each in found] == [fault.family for fault in faults.listed() if fault.name in named]
    assert sum(each.passed + each.failed + each.unknown for each in found) == len(run.verdicts) - 2
    assert sum(each.known for each in found) == run.known
    assert sum(each.struck for each in found) == len(run.struck)


def test_scenarios_are_added_up_and_one_that_meets_the_fault_is_enough() -> None:
    unstruck = verdict("77aa01", f"{KILL};real-time", Outcome.PASS, struck=False)
    found = {each.fault: each for each in totals([several(), every_fault(), swept(unstruck, struck=())])}
    assert found["kill-worker"] == FaultTotal(
        fault="kill-worker", known=4, struck=3, unreachable=1, passed=2, failed=1, unknown=1
    )
    assert found["kill-server"] == FaultTotal(fault="kill-server", known=1, struck=1, passed=1)
    assert found["model-429"].not_applicable == NO_MODEL


def test_different_reasons_are_all_told() -> None:
    first, second = swept(not_applicable={"model-429": "one"}), swept(not_applicable={"model-429": "two"})
    assert nowhere(totals([first, second, first])) == {"model-429": "one; two"}


def test_faults_with_one_reason_are_grouped() -> None:
    groups = grouped(nowhere(totals([every_fault()])))
    assert groups[NO_RESTART] == ["kill-server"]
    assert groups[NO_MODEL] == [fault.name for fault in faults.listed() if fault.family == "model"]


def test_a_family_that_is_there_in_full_stands_for_its_faults() -> None:
    models = [fault.name for fault in faults.listed() if fault.family == "model"]
    assert listed(["kill-worker", *models, "reply-lost"]) == "kill-worker, every model fault, reply-lost"
    assert listed(models[1:]) == ", ".join(models[1:])
    assert listed(["kill-server"]) == "kill-server"  # the only one of its family


def test_faults_that_some_scenarios_cannot_meet_are_told_reason_by_reason_with_the_scenarios() -> None:
    names = [f"trip{number}" for number in range(5)]
    unmet = [swept(scenario=name, not_applicable={"kill-server": "no disk", "model-429": "x"}) for name in names]
    some = [several(), swept(scenario="last", not_applicable={"kill-server": "no server"}), *unmet]
    assert somewhere(some, totals(some)) == [
        "not applicable in last: kill-server: no server",
        "not applicable in 5 of 7 scenarios: kill-server: no disk",
    ]
    assert somewhere([every_fault()], totals([every_fault()])) == []


def test_nothing_swept_has_no_faults() -> None:
    assert totals([]) == ()
    assert totals([swept(cuts=(), struck=())]) == ()
