"""A sweep with scripted trials: which plans it makes, in which rounds, and what is UNKNOWN when it ends too early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.checks.check import Check
from harness.records.act_facts import FaultMade, Lag
from harness.records.evidence import End, Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.point import Point, meets
from harness.records.scenario import Scenario, start
from harness.records.sweep_result import UNFINISHED, News, SweepResult
from harness.records.tape import Entry
from harness.records.verdict import Finding, Outcome
from harness.servers.engine import engine
from harness.sweeps.rounds import ENDLESS, RECOVERY_ROUNDS
from harness.sweeps.sweep import Sweep
from harness.sweeps.trials import Trials
from harness.sweeps.turns import Turns
from tests.waiting import LIMIT

TRIP = Scenario(name="trip", worker="python worker.py", task_queue="q", work=start("Trip"))
WAY = ("Book", "Pay")
"""The operations that an undisturbed trial sends."""


def fails_where_charged(evidence: Evidence, baselines: Sequence[Evidence]) -> Any:
    """A trial whose recovery charges is one that failed."""
    if any(entry.operation == "ChargeTwice" for entry in evidence.tape):
        yield Finding(check="charged", message="charged twice")


CHECK = Check(name="charged", property="Nobody is charged twice.", judge=fails_where_charged)


def point(operation: str) -> Point:
    return Point(position="before", door="wire", operation=operation, workflow="Trip")


@dataclass
class Script:
    """Runs trials by a script: the way of the baselines, and what each strike leads to.

    Attributes:
        recoveries: By the strikes that were made, or the last of them, the operations that follow; ``*`` for any other.
        missed: Points that are never met, and plans after whose first strike no further point is.
        end: How struck trials end.
        slow: The plans whose trials a busy machine disturbs.
        engine: The engine that they run on.
        baseline_end: How the undisturbed trials end.
        plans: The plans that were run, in order.
    """

    recoveries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    end: End = "closed"
    slow: tuple[str, ...] = ()
    engine: str = "dev"
    baseline_end: End = "closed"
    plans: list[str] = field(default_factory=list)
    before: Callable[[Plan], None] = lambda plan: None

    async def __call__(self, *, plan: Plan, trial: str, folder: Path, bounds: object, cold: bool) -> Evidence:
        await asyncio.sleep(0)
        self.before(plan)
        self.plans.append(str(plan))
        end = self.end if plan.strikes else self.baseline_end
        tape = tuple(self._tape(plan))
        return Evidence(trial=trial, scenario="trip", plan=plan, end=end, tape=tape, engine=self.engine)

    def _tape(self, plan: Plan) -> list[Entry]:
        tape: list[Entry] = []
        made: list[str] = []
        waiting, coming, number = list(plan.strikes), list(WAY), 0
        while coming:
            sent, number = point(coming.pop(0)), number + 1
            for kind, met in (("request", sent), ("reply", sent.at("after"))):
                tape.append(
                    Entry(at=number, kind=kind, door="wire", operation=met.operation, message=number, point=met)
                )
                misses = met.id in self.missed or (made and str(plan) in self.missed)
                if waiting and not misses and meets(met.id, waiting[0].point):
                    struck = waiting.pop(0)
                    made.append(str(struck))
                    facts = FaultMade(fault=struck.fault, point=met.id)
                    tape.append(Entry(at=number, kind="act", operation="strike", facts=facts))
                    coming += self._after(",".join(made)) or self._after(made[-1]) or self._after("*")
        if str(plan) in self.slow:
            tape.append(Entry(at=number, kind="act", operation="lag", facts=Lag(since=1, worker=number)))
        return tape

    def _after(self, strikes: str) -> Sequence[str]:
        return self.recoveries.get(strikes, ())


def sweep(
    script: Script,
    folder: Path,
    *,
    kept: list[SweepResult] | None = None,
    news: list[News] | None = None,
    checks: Sequence[Check] = (CHECK,),
    **options: Any,
) -> SweepResult:
    async def run() -> SweepResult:
        made = Sweep(
            TRIP,
            checks=checks,
            engine=engine(script.engine),
            run=script,
            folder=folder,
            turns=Turns(1),
            options=SweepOptions(**options),
            keep=(kept if kept is not None else []).append,
            tell=(news if news is not None else []).append,
        )
        return await made.run()

    return asyncio.run(run())


def struck(operation: str, *, fault: str = "kill-worker", position: str = "before") -> str:
    return f"{fault}@{position}/{operation}/Trip"


FIRST = [struck("Book"), struck("Pay"), struck("Pay", position="after")]


def test_a_sweep_strikes_each_cut_once_and_ends_when_nothing_is_new(tmp_path: Path) -> None:
    script = Script(recoveries={"*": ("Book",)})
    found = sweep(script, tmp_path)
    assert script.plans == ["baseline", "baseline", *FIRST]
    assert (found.outcome, found.untried, found.limit) == (Outcome.PASS, (), "")
    assert [str(strike) for strike in found.struck] == FIRST


def test_what_a_recovery_shows_first_is_struck_with_the_strike_that_led_there(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("Refund",), FIRST[1]: ("Refund",)})
    found = sweep(script, tmp_path)
    again = [f"{FIRST[0]},{struck('Refund')}", f"{FIRST[0]},{struck('Refund', position='after')}"]
    assert script.plans[5:] == again
    assert (found.outcome, len(found.cuts), len(found.struck)) == (Outcome.PASS, 5, 5)


@pytest.mark.parametrize(
    ("faults", "text"),
    [
        (("unavailable-once",), "1 point was first seen during recovery and tried too"),
        (("kill-worker",), "2 points were first seen during recovery and tried too"),
    ],
)
def test_it_says_how_many_points_a_recovery_showed(tmp_path: Path, faults: tuple[str, ...], text: str) -> None:
    news: list[News] = []
    strike = struck("Book", fault=faults[0])
    sweep(Script(recoveries={strike: ("Refund",)}), tmp_path, faults=faults, news=news)
    assert text in [each.text for each in news]


def test_each_fault_is_made_at_the_points_of_a_recovery_and_at_both_positions_where_both_count(tmp_path: Path) -> None:
    faults = ("kill-worker", "unavailable-once", "reply-lost", "heartbeat-lost")
    script = Script(recoveries={FIRST[1]: ("Refund",)})
    found = sweep(script, tmp_path, faults=faults)
    assert [plan.partition(",")[2] for plan in script.plans if "," in plan] == [
        struck("Refund"),
        struck("Refund", position="after"),
        struck("Refund", fault="unavailable-once"),
        struck("Refund", fault="reply-lost", position="after"),
    ]
    assert found.outcome is Outcome.PASS


def test_a_failed_trial_has_shown_what_it_had_to_show(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("ChargeTwice",)})
    found = sweep(script, tmp_path)
    assert found.outcome is Outcome.FAIL
    assert not any("," in plan for plan in script.plans)


def test_recoveries_that_show_something_new_each_time_leave_points_untried_and_are_no_pass(tmp_path: Path) -> None:
    deeper = {struck(f"Refund{depth}"): (f"Refund{depth + 1}",) for depth in range(20)}
    found = sweep(Script(recoveries={FIRST[0]: ("Refund0",), **deeper}), tmp_path)
    assert (found.outcome, found.limit) == (Outcome.UNKNOWN, ENDLESS)
    assert {strike.point for strike in found.untried} == {
        f"{position}/Refund{RECOVERY_ROUNDS}/Trip" for position in ("before", "after")
    }
    assert len(found.struck) == len(found.cuts) - len(found.untried)


def test_what_max_failures_leaves_out_is_untried_and_fail_stays_fail(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("ChargeTwice",)})
    found = sweep(script, tmp_path, max_failures=1)
    assert [str(strike) for strike in found.untried] == FIRST[1:]
    assert (found.outcome, found.limit) == (
        Outcome.FAIL,
        "as many trials had failed as --max-failures 1 allows",
    )


def test_what_the_time_limit_leaves_out_is_untried_and_no_pass(tmp_path: Path) -> None:
    found = sweep(Script(), tmp_path, time_limit=1e-9)
    assert [str(strike) for strike in found.untried] == FIRST
    assert (found.outcome, found.limit) == (Outcome.UNKNOWN, "--time-limit 1e-09 was over")


def test_a_point_of_a_recovery_that_does_not_come_again_is_unreachable_and_too_many_are_no_pass(tmp_path: Path) -> None:
    one = Script(recoveries={FIRST[0]: ("Refund",)}, missed=("before/Refund/Trip",))
    found = sweep(one, tmp_path / "one")
    assert ([str(strike) for strike in found.unreachable], found.outcome) == ([struck("Refund")], Outcome.PASS)
    both = Script(recoveries=one.recoveries, missed=("before/Refund/Trip", "after/Refund/Trip"))
    found = sweep(both, tmp_path / "both")
    assert (len(found.unreachable), found.known, found.outcome) == (2, 3, Outcome.UNKNOWN)


def test_a_strike_that_was_not_made_at_a_point_of_the_baselines_is_no_pass(tmp_path: Path) -> None:
    found = sweep(Script(missed=("before/Pay/Trip",)), tmp_path)
    assert (found.outcome, found.vacuous, found.unreachable, found.untried) == (Outcome.UNKNOWN, 1, (), ())


def test_only_the_points_asked_for_are_tried_and_no_recovery_is_followed(tmp_path: Path) -> None:
    script = Script(recoveries={"*": ("Refund",)})
    found = sweep(script, tmp_path, only=("before/Book/*",))
    assert script.plans[2:] == FIRST[:1]
    assert (found.outcome, found.untried) == (Outcome.PASS, ())


def test_a_sweep_that_is_gone_on_with_runs_only_the_trials_that_were_not_judged(tmp_path: Path) -> None:
    recoveries = {FIRST[0]: ("Refund",)}

    def interrupted(plan: Plan) -> None:
        if str(plan) == FIRST[2]:
            raise asyncio.CancelledError

    first, kept = Script(recoveries=recoveries, before=interrupted), list[SweepResult]()
    with pytest.raises(asyncio.CancelledError):
        sweep(first, tmp_path, kept=kept)
    assert [result.reason for result in kept] == [UNFINISHED]
    assert [str(strike) for strike in kept[0].untried] == FIRST
    second = Script(recoveries=recoveries)
    found = sweep(second, tmp_path)
    again = [f"{FIRST[0]},{struck('Refund')}", f"{FIRST[0]},{struck('Refund', position='after')}"]
    assert second.plans == [FIRST[2], *again]
    assert (found.outcome, len(found.struck)) == (Outcome.PASS, 5)


def test_where_no_fault_can_be_made_that_is_the_reason_and_not_the_points_chosen(tmp_path: Path) -> None:
    none = sweep(Script(), tmp_path, faults=("model-400",), only=("before/Book/*",))
    assert none.reason == "none of the faults is applicable: there is nothing to strike"


def test_a_trial_that_fails_under_load_is_run_again_in_quiet_and_unstable_if_it_passes(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("ChargeTwice",)}, slow=(FIRST[0],))

    def quiet_the_second_time(plan: Plan) -> None:
        if str(plan) == FIRST[0] and FIRST[0] in script.plans:
            script.recoveries, script.slow = {}, ()

    script.before = quiet_the_second_time
    unsteady = sweep(script, tmp_path)
    assert script.plans == ["baseline", "baseline", *FIRST, FIRST[0]]
    assert unsteady.outcome is Outcome.UNKNOWN
    [again] = [verdict for verdict in unsteady.verdicts if str(verdict.plan) == FIRST[0]]
    assert again.reason.startswith("unstable under load: it failed (charged) while a busy machine kept the rig waiting")
    assert [note for note in unsteady.notes if note.startswith(f"Unstable under load: {FIRST[0]} was FAIL")]
    assert (tmp_path / "under-load" / again.trial / "tape.jsonl").is_file()
    resumed = sweep(Script(), tmp_path)
    assert [verdict.reason for verdict in resumed.verdicts if verdict.reason] == [again.reason]


def test_a_trial_that_fails_in_quiet_as_well_has_failed(tmp_path: Path) -> None:
    script = Script(recoveries={FIRST[0]: ("ChargeTwice",)}, slow=(FIRST[0],))
    failed = sweep(script, tmp_path)
    assert script.plans.count(FIRST[0]) == 2
    assert failed.outcome is Outcome.FAIL
    assert not [note for note in failed.notes if "nstable" in note]


ALWAYS_TWICE = {"*": ("ChargeTwice",)}


def test_what_is_found_without_load_as_well_is_not_run_again(tmp_path: Path) -> None:
    script, news = Script(recoveries=ALWAYS_TWICE, slow=FIRST[:2]), list[News]()
    failed = sweep(script, tmp_path, news=news)
    assert script.plans == ["baseline", "baseline", *FIRST]
    assert [verdict.outcome for verdict in failed.verdicts[2:]] == [Outcome.FAIL] * 3
    assert (news[-1].done, news[-1].total) == (5, 5)


def test_trials_begin_while_the_undisturbed_ones_are_replayed_where_those_are_right_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, replay, begun = Script(), Trials.kept, asyncio.Event()

    def begins(plan: Plan) -> None:
        if plan.strikes:
            begun.set()

    async def kept(self: Trials, evidence: Evidence) -> Evidence:
        if not evidence.plan.strikes:
            async with asyncio.timeout(LIMIT):
                await begun.wait()
        return await replay(self, evidence)

    script.before = begins
    monkeypatch.setattr(Trials, "kept", kept)
    assert sweep(script, tmp_path).outcome is Outcome.PASS
    assert script.plans == ["baseline", "baseline", *FIRST]


def test_no_trial_begins_before_the_undisturbed_ones_are_replayed_where_something_is_wrong_with_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, replay, seen = Script(), Trials.kept, list[list[str]]()

    async def kept(self: Trials, evidence: Evidence) -> Evidence:
        for _ in range(100):
            await asyncio.sleep(0)  # one that was begun would be here by then
        seen.append(list(script.plans))
        return await replay(self, evidence)

    monkeypatch.setattr(Trials, "kept", kept)
    finding = Finding(check="wrong", message="it is wrong")
    wrong = Check(name="wrong", property="It is right.", judge=lambda evidence, baselines: iter([finding]))
    sweep(script, tmp_path, checks=[wrong])
    assert [each[2:] for each in seen[:2]] == [[], []]


def test_of_what_is_found_under_load_alone_one_trial_is_run_again_for_all(tmp_path: Path) -> None:
    script = Script(recoveries=ALWAYS_TWICE, slow=FIRST)

    def quiet_the_second_time(plan: Plan) -> None:
        script.slow = () if str(plan) in script.plans and plan.strikes else script.slow

    script.before = quiet_the_second_time
    failed = sweep(script, tmp_path)
    assert script.plans == ["baseline", "baseline", *FIRST, FIRST[0]]
    assert failed.outcome is Outcome.FAIL


def test_what_is_found_under_load_alone_is_run_again_trial_by_trial_where_it_is_not_found_again(tmp_path: Path) -> None:
    script = Script(recoveries=ALWAYS_TWICE, slow=FIRST)

    def right_in_quiet(plan: Plan) -> None:
        if str(plan) in script.plans and plan.strikes:
            script.recoveries, script.slow = {}, ()

    script.before = right_in_quiet
    unsteady = sweep(script, tmp_path)
    assert script.plans == ["baseline", "baseline", *FIRST, *FIRST]
    assert unsteady.outcome is Outcome.UNKNOWN


def test_what_no_time_is_left_to_run_again_is_counted_as_it_is(tmp_path: Path) -> None:
    script, news = Script(recoveries={FIRST[0]: ("ChargeTwice",)}, slow=(FIRST[0],)), list[News]()
    failed = sweep(script, tmp_path, news=news, max_failures=1)
    assert (script.plans.count(FIRST[0]), failed.outcome) == (1, Outcome.FAIL)
    assert [str(each.verdict.plan) for each in news if each.verdict and each.verdict.outcome is Outcome.FAIL] == FIRST[
        :1
    ]


def test_a_trial_that_passes_under_load_is_not_run_again(tmp_path: Path) -> None:
    script = Script(slow=(FIRST[0],))
    assert sweep(script, tmp_path).outcome is Outcome.PASS
    assert script.plans == ["baseline", "baseline", *FIRST]


def test_an_undisturbed_run_that_does_not_end_well_is_the_end_of_the_sweep(tmp_path: Path) -> None:
    script = Script(baseline_end="deadline")
    news: list[News] = []
    found = sweep(script, tmp_path, news=news)
    assert script.plans == ["baseline"]
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason.startswith("undisturbed, the work is already not over")
    assert (news[-1].done, news[-1].total) == (1, 1)


def test_what_fails_without_a_strike_does_not_keep_the_first_strike_from_being_made(tmp_path: Path) -> None:
    def always(evidence: Evidence, baselines: Sequence[Evidence]) -> Any:
        """It holds."""
        yield Finding(check="always", message="retried for ever", subject="book")

    made = Check(name="always", property="It holds.", judge=always)
    found = sweep(Script(), tmp_path, checks=[made, CHECK], max_failures=1)
    assert [str(verdict.plan) for verdict in found.verdicts if verdict.outcome is Outcome.FAIL] == ["baseline"]
    assert len(found.struck) == len(found.cuts) == 3
    assert [len(each.trials) for each in found.findings] == [1]
