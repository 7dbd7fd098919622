"""A point is filled from what was found and what was struck; what was not struck is never a PASS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.readiness.measuring import Measured, checklist
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace, FileReport
from harness.records.checklist import CheckedPoint
from harness.records.cut import Cut
from harness.records.explore_result import ExploredEnd, ExploreFinding, ExploreResult
from harness.records.plan import Strike, parse
from harness.records.replay_result import ReplayedHistory, ReplayFinding, ReplayResult
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Finding, Judgement, Outcome, Severity, Verdict
from tests.unit.report.samples import KEYLESS, POINT

REPLAYED = ReplayResult(
    against="app.workflows",
    histories=(
        ReplayedHistory(
            file="h.json", outcome=Outcome.PASS, commands=7, conditions=("hash seed 1", "cold process"), events=20
        ),
    ),
)
READ = AuditResult(files=(FileReport(file="app.py"),), rules=60, workflows=1)


def judged(check: str, outcome: Outcome | None = Outcome.PASS, *findings: Finding, reason: str = "") -> Judgement:
    return Judgement(check=check, outcome=outcome, findings=findings, reason=reason)


def trial(fault: str, *judgements: Judgement, scenario: str = "trip", **more: Any) -> Verdict:
    plan = parse(f"{fault}@{POINT.id}" if fault else "baseline")
    known: dict[str, Any] = {"trial": f"of-{fault or 'nothing'}", "struck": True, **more}
    return Verdict(scenario=scenario, plan=plan, judgements=judgements, **known)


def sweep(*verdicts: Verdict, scenario: str = "trip", **more: Any) -> SweepResult:
    strikes = tuple(verdict.plan.strikes[-1] for verdict in verdicts if verdict.plan.strikes)
    known: dict[str, Any] = {"cuts": tuple(Cut(POINT, fault=each.fault) for each in strikes), "struck": strikes}
    return SweepResult(scenario=scenario, verdicts=verdicts, **{**known, **more})


def point(name: str, *sweeps: SweepResult, **more: Any) -> CheckedPoint:
    measured = Measured(**{"sweeps": sweeps, "audit": READ, "replay": REPLAYED, "folder": "runs/1", **more})
    return next(each for each in checklist(measured).points if each.id == name)


def finding(check: str, message: str = "charge happened 2 times", **more: Any) -> Finding:
    return Finding(check=check, message=message, **more)


TWICE = judged("effects-happen-once", Outcome.FAIL, finding("effects-happen-once"))
ONCE = judged("effects-happen-once")
KILLED = trial("kill-worker", ONCE)
LOST = trial("effect-reply-lost", ONCE)


def test_a_point_passes_where_its_checks_were_judged_and_its_faults_struck() -> None:
    filled = point("I1", sweep(trial("", ONCE), KILLED, LOST))
    assert filled.outcome is Outcome.PASS
    assert filled.why == "held in 3 trials by 1 check: kill-worker at 1 point, effect-reply-lost at 1 point"
    assert filled.evidence == ("runs/1/trials/of-kill-worker/", "runs/1/trials/of-effect-reply-lost/")


def test_a_fault_that_was_not_struck_makes_a_point_unknown() -> None:
    filled = point("I1", sweep(trial("", ONCE), KILLED))
    assert (filled.outcome, filled.why) == (Outcome.UNKNOWN, "not struck: effect-reply-lost")


def test_a_strike_that_never_happened_makes_a_point_unknown() -> None:
    vacuous = trial("effect-reply-lost", ONCE, struck=False, reason="never struck while the workflow was open")
    assert point("I1", sweep(KILLED, vacuous)).outcome is Outcome.UNKNOWN


def test_a_fault_that_the_worker_cannot_meet_is_named_and_hinders_nothing() -> None:
    filled = point("I1", sweep(KILLED, not_applicable={"effect-reply-lost": "the worker sends no effect message"}))
    assert filled.outcome is Outcome.PASS
    assert filled.why.endswith("(effect-reply-lost: not applicable)")


def test_work_that_asks_no_model_cannot_meet_what_befalls_one_though_nobody_tried() -> None:
    beats = sweep(trial("", judged("heartbeat-declared")), KILLED)
    assert point("H1", beats).why == "not struck: model-slow"
    filled = point("H1", beats, asks_models=False)
    assert (filled.outcome, filled.why[-29:]) == (Outcome.PASS, " (model-slow: not applicable)")


def test_a_point_fails_where_a_check_finds_something_and_names_trial_and_command() -> None:
    filled = point("I1", sweep(trial("kill-worker", TWICE), LOST))
    assert filled.outcome is Outcome.FAIL
    assert filled.why == "effects-happen-once: charge happened 2 times"
    assert filled.evidence == ("runs/1/trials/of-kill-worker/", "crashproof reproduce of-kill-worker --run runs/1")


def test_what_only_costs_too_much_fails_a_point_of_the_checklist_too() -> None:
    early = finding("retry-after-honoured", "asked too early", severity=Severity.WASTEFUL)
    filled = point("R2", sweep(trial("model-429-tokens-seconds", judged("retry-after-honoured", Outcome.PASS, early))))
    assert filled.outcome is Outcome.FAIL


def test_the_same_finding_in_two_trials_is_one() -> None:
    filled = point("I1", sweep(trial("kill-worker", TWICE), trial("effect-reply-lost", TWICE)))
    assert "more" not in filled.why


def test_the_line_of_code_that_explains_a_finding_is_evidence_too() -> None:
    code = {TWICE.findings[0].id: (KEYLESS,)}
    filled = point("I1", sweep(trial("kill-worker", TWICE), code=code))
    assert filled.evidence == (
        "runs/1/trials/of-kill-worker/",
        "crashproof reproduce of-kill-worker --run runs/1",
        "CP306 app/pay.py:18:15",
    )


def test_a_finding_under_a_fault_of_another_theme_is_not_of_this_point() -> None:
    wrong = judged("workflow-ends-as-baseline", Outcome.FAIL, finding("workflow-ends-as-baseline"))
    right = judged("workflow-ends-as-baseline")
    swept = sweep(trial("kill-worker", right), trial("started-after-end", wrong))
    assert point("D2", swept).outcome is Outcome.PASS
    assert point("I2", swept).outcome is Outcome.FAIL


def test_a_check_that_cannot_tell_makes_its_point_unknown_and_says_why() -> None:
    unsure = judged("effects-happen-once", Outcome.UNKNOWN, reason="Traceback\nKeyError: 'x'")
    filled = point("I1", sweep(KILLED, trial("effect-reply-lost", unsure)))
    assert filled.outcome is Outcome.UNKNOWN
    assert filled.why.endswith("effects-happen-once: KeyError: 'x'"), filled.why


def test_a_point_of_which_there_is_nothing_is_not_applicable() -> None:
    nothing = judged("heartbeat-declared", None, reason="no activity ran long")
    filled = point("H1", sweep(trial("model-slow", nothing)))
    assert (filled.outcome, filled.word, filled.why) == (None, "not applicable", "no activity ran long")


def test_what_the_user_says_is_not_applicable_is_told_as_theirs() -> None:
    filled = point("I1", sweep(trial("kill-worker", TWICE)), waived={"I1": "it has no effect"})
    assert (filled.outcome, filled.why) == (None, "said by the user: it has no effect")


def test_an_interrupted_run_makes_what_it_did_not_try_unknown() -> None:
    swept = sweep(KILLED, cuts=(Cut(POINT, fault="kill-worker"), Cut(POINT, fault="effect-reply-lost")), limit="it was")
    filled = point("I1", swept)
    assert filled.outcome is Outcome.UNKNOWN
    for limit, told in (("--time-limit 5 was over", True), ("it was", False)):
        said = checklist(Measured(sweeps=(replace(swept, limit=limit),), folder="runs/1")).limits
        assert ("the rest is run by: crashproof run --resume runs/1 ; crashproof ready --from runs/1" in said) is told


def test_no_run_at_all_passes_nothing() -> None:
    filled = checklist(Measured())
    assert {each.outcome for each in filled.points} == {Outcome.UNKNOWN}
    assert filled.outcome is Outcome.UNKNOWN
    assert filled.limits == ("no code was read: what the rules of the audit say of it is not in here",)


def test_determinism_needs_replays_under_all_conditions() -> None:
    swept = sweep(trial("kill-worker", judged("replays")))
    assert point("D1", swept).why == (
        "held in 1 trial by 1 check: kill-worker at 1 point; 7 commands of 1 history replayed under 2 conditions"
    )
    assert point("D1", swept, replay=None).outcome is Outcome.UNKNOWN
    assert point("D1", swept, replay=ReplayResult(against="app")).outcome is Outcome.UNKNOWN


def test_a_difference_between_replays_fails_determinism_unless_it_is_accepted() -> None:
    swept = sweep(trial("kill-worker", judged("replays")))
    differs = ReplayFinding(check="replays-as-recorded", workflow="Trip", message="timer 5 s", subject="timer")
    for accepted, outcome in (("", Outcome.FAIL), ("versioned", Outcome.PASS)):
        history = replace(REPLAYED.histories[0], findings=(replace(differs, accepted=accepted),))
        assert point("D1", swept, replay=replace(REPLAYED, histories=(history,))).outcome is outcome


@pytest.mark.parametrize(
    ("certainty", "outcome"),
    [(Certainty.CERTAIN, Outcome.FAIL), (Certainty.LIKELY, Outcome.FAIL), (Certainty.LOOK, Outcome.PASS)],
)
def test_a_broken_rule_fails_its_point_if_it_is_sure_enough(certainty: Certainty, outcome: Outcome) -> None:
    place = CodePlace(file="app.py", line=12, column=5)
    found = AuditFinding(rule="CP306", certainty=certainty, message="an effect without a key", place=place)
    filled = point("I1", sweep(KILLED, LOST), audit=replace(READ, findings=(found,)))
    assert filled.outcome is outcome
    assert (filled.evidence == ("CP306 app.py:12:5",)) is (outcome is Outcome.FAIL)


def test_what_exploring_finds_fails_the_point_of_its_property() -> None:
    lost = ExploreFinding(
        check="message-lost",
        scenario="trip",
        subject="approve",
        message="approve was lost",
        why="",
        fix="",
        steps=(),
        end=ExploredEnd(close="completed"),
        history="explorations/1/h.json",
    )
    explored = (ExploreResult(scenario="trip", findings=(lost,)),)
    swept = sweep(*(trial(fault, ONCE) for fault in ("request-repeated", "started-again-to-use", "started-after-end")))
    assert point("I2", swept, explored=explored).outcome is Outcome.FAIL


OPENS = judged("breaker-opens")


def test_fallbacks_are_judged_where_a_model_is_out_alone() -> None:
    plain, out = sweep(KILLED), sweep(trial("", scenario="out"), scenario="out")
    observed = [trial("", OPENS, scenario="out")]
    assert point("C1", plain).outcome is Outcome.UNKNOWN
    assert point("C1", plain, out, outages=frozenset({"out"}), observed=observed).outcome is Outcome.PASS


def test_an_answer_that_a_crash_costs_is_no_matter_of_the_breaker() -> None:
    none = judged("degraded-answer", Outcome.FAIL, finding("degraded-answer"))
    out = sweep(trial("", scenario="out"), trial("kill-worker", scenario="out"), scenario="out")
    for fault, outcome in (("kill-worker", Outcome.PASS), ("", Outcome.FAIL)):
        observed = [trial("", OPENS, scenario="out"), trial(fault, none, scenario="out")]
        assert point("C1", sweep(KILLED), out, outages=frozenset({"out"}), observed=observed).outcome is outcome


def test_what_breaks_where_a_model_is_out_is_no_matter_of_other_points() -> None:
    wrong = judged("workflow-ends-as-baseline", Outcome.FAIL, finding("workflow-ends-as-baseline"))
    plain = sweep(trial("kill-worker", judged("workflow-ends-as-baseline")))
    out = sweep(trial("kill-worker", wrong, scenario="out"), scenario="out")
    assert point("D2", plain, out, outages=frozenset({"out"})).outcome is Outcome.PASS
    assert point("C2", plain, out, outages=frozenset({"out"})).outcome is Outcome.FAIL


def test_the_outcome_of_a_checklist_is_that_of_its_worst_point() -> None:
    filled = checklist(Measured(sweeps=(sweep(trial("kill-worker", TWICE)),), audit=READ, replay=REPLAYED))
    assert filled.outcome is Outcome.FAIL
    assert filled.counts["FAIL"] == 1
    assert sum(filled.counts.values()) == 12


def test_an_unfinished_point_of_one_fault_says_nothing_of_another() -> None:
    cuts = (Cut(POINT, fault="kill-worker"), Cut(POINT, fault="model-slow"))
    swept = sweep(KILLED, LOST, cuts=(*cuts, Cut(POINT, fault="effect-reply-lost")), limit="--time-limit was over")
    assert swept.untried == (Strike("model-slow", POINT.id),)
    assert point("I1", swept).outcome is Outcome.PASS
