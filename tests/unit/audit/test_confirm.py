"""Findings meet what runs and replays showed: confirmed are the right ones, and missed is what no finding tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import checks
from harness.audit.audit import audit
from harness.audit.configuration import CATALOGUE
from harness.audit.confirm import CHECKS, CONDITIONS, meet, with_evidence
from harness.audit.histories import audited, look
from harness.audit.observed import ObservedFailure
from harness.audit.rules import RULES
from harness.checks.catalogue import standard
from harness.checks.judging import judge
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace
from harness.records.evidence import Evidence
from harness.records.plan import Plan
from harness.records.replay_result import NondeterministicCall
from harness.records.verdict import Severity
from harness.replay.compare import judging
from harness.report.audit.source import finding_of
from tests import ROOT, TESTS
from tests.unit.audit.histories.recorded_activities import nothing_wrong, unlimited_but_never_retried
from tests.unit.audit.saved_runs import saved_run
from tests.unit.audit.test_activity_rules import activity
from tests.unit.audit.test_activity_rules import found as audited_rule

SHOWN = TESTS / "unit" / "audit" / "shown"
"""Reports of real runs: of the agents in scenarios/broken, and of replays of tests/replay/planted."""


def finding(rule: str, file: str = "app.py", line: int = 9, **more: str) -> AuditFinding:
    place = CodePlace(file=file, line=line, function=more.pop("function", ""))
    return AuditFinding(
        rule=rule,
        certainty=Certainty.LOOK,
        message=more.pop("message", ""),
        place=place,
        workflow=more.pop("workflow", ""),
        path=(CodePlace(file="flow.py", line=20, function="Agent.run"),) if more.pop("path", "") else (),
    )


CLOCK = finding("CP101", "lib/time.py", 3, function="now", workflow="Agent", path="yes")
ORDER = finding("CP106", "flow.py", 30, function="Agent.run", workflow="Agent")
KEYLESS = finding("CP306", function="charge", workflow="charge")
UNBOUNDED = finding("CP403", "flow.py", 12, function="Agent.run", message="'charge' is retried without end")
UNBEATEN = finding("CP303", "flow.py", 13, function="Agent.run", message="'crawl' beats, but")
LOST = finding("CP205", "flow.py", 40, function="Agent.approve", workflow="Agent")
ALL = (CLOCK, ORDER, KEYLESS, UNBOUNDED, UNBEATEN, LOST)


def it(check: str, **more: object) -> ObservedFailure:
    told: dict[str, object] = {"check": check, "message": "it broke", "source": "trial 1", **more}
    for name in ("names", "near", "workflows"):
        told[name] = frozenset(told.get(name, ()))  # type: ignore[call-overload]
    return ObservedFailure(**told)  # type: ignore[arg-type]


def call(function: str, line: str) -> tuple[NondeterministicCall, ...]:
    return (NondeterministicCall(function=function, stack=("flow.py:20 in run", line), workflow="Agent"),)


CASES: dict[str, tuple[ObservedFailure, tuple[AuditFinding, ...]]] = {
    "an effect twice": (it("effects-happen-once", names=["charge"]), (KEYLESS,)),
    "an effect of another name": (it("effects-happen-once", names=["note"], near=["charge", "Agent"]), (KEYLESS,)),
    "an effect of another activity": (it("effects-happen-once", names=["mail"]), ()),
    "no end of retries": (it("retry-bounded", names=["charge"]), (UNBOUNDED,)),
    "beats unheard": (it("heartbeat-declared", names=["crawl"]), (UNBEATEN,)),
    "beats of another activity": (it("heartbeat-declared", names=["charge"], near=["crawl"]), ()),
    "a workflow that never ends": (it("workflow-ends-as-baseline", names=["Other"], near=["Other"]), ()),
    "a lost signal": (it("signals-once", near=["Agent"]), (LOST,)),
    "a clock that is seen": (
        it(
            "replays-under-every-condition",
            line="flow.py:50 in run",
            witnesses=call("time.time", "lib/time.py:3 in now"),
        ),
        (CLOCK,),
    ),
    "a call that is seen, in another checkout": (
        it("calls-nothing-non-deterministic", witnesses=call("time.time", "/srv/app/lib/time.py:3 in now")),
        (CLOCK,),
    ),
    "a call at another line": (
        it("calls-nothing-non-deterministic", near=["Agent"], witnesses=call("time.time", "lib/time.py:4 in later")),
        (),
    ),
    "an order": (
        it("replays-under-every-condition", line="flow.py:31 in run", conditions=("hash seed 1",), near=["Agent"]),
        (ORDER,),
    ),
    "a wall clock, through the path": (
        it("replays-under-every-condition", line="flow.py:31 in run", conditions=("wall clock",)),
        (CLOCK,),
    ),
    "an order that Temporal's replay shows, without a line": (
        it("replays", names=["Agent"], conditions=("hash seed 1",), near=["Agent"]),
        (ORDER,),
    ),
    "what no rule can show": (it("retry-cap", names=["charge"]), ()),
    "what no check is called": (it("my-own-check", names=["charge"]), ()),
}


@pytest.mark.parametrize("name", CASES)
def test_what_happened_confirms_what_tells_it(name: str, tmp_path: Path) -> None:
    each, expected = CASES[name]
    found = meet(AuditResult(findings=ALL), [each], cwd=tmp_path)
    confirmed = [one for one in found.findings if one.confirmed]
    assert [(one.rule, one.certainty) for one in confirmed] == [(one.rule, Certainty.CERTAIN) for one in expected]
    assert [one.confirmed for one in confirmed] == [(f"{each.check}: it broke (trial 1)",) for _ in expected]
    assert len(found.missed) == (not expected)


def test_what_may_be_one_of_several_files_is_neither_confirmed_nor_missed(tmp_path: Path) -> None:
    other = replace(KEYLESS, place=replace(KEYLESS.place, file="other.py"))
    happening = it("effects-happen-once", names=["charge"], workflows=["Agent"])
    found = meet(AuditResult(findings=(KEYLESS, other)), [happening], cwd=tmp_path)
    assert not any(each.confirmed for each in found.findings)
    assert found.missed == ()


def test_activities_of_the_same_name_are_told_apart_by_the_workflow_beside_them(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("@workflow.defn\nclass Agent: ...\n")
    (tmp_path / "other.py").write_text("@workflow.defn\nclass OtherAgent: ...\n")
    other = replace(KEYLESS, place=replace(KEYLESS.place, file="other.py"))
    happening = it("effects-happen-once", names=["charge"], workflows=["Agent"])
    found = meet(AuditResult(findings=(KEYLESS, other)), [happening], cwd=tmp_path)
    assert [bool(each.confirmed) for each in found.findings] == [True, False]
    found = meet(AuditResult(findings=(other,)), [happening], cwd=tmp_path)
    assert [each.rule for each in found.missed] == ["CP306"]


def test_what_has_many_causes_confirms_none_of_several_rules(tmp_path: Path) -> None:
    other = replace(ORDER, rule="CP107", place=replace(ORDER.place, line=35))
    found = meet(AuditResult(findings=(ORDER, other)), [it("replays", names=["Agent"])], cwd=tmp_path)
    assert not any(each.confirmed for each in found.findings)
    assert found.missed == ()


def test_what_comments_and_the_baseline_know_is_not_missed(tmp_path: Path) -> None:
    happening = it("effects-happen-once", names=["charge"])
    for known in (AuditResult(suppressed=((KEYLESS, "paid once"),)), AuditResult(baselined=(KEYLESS,))):
        assert meet(known, [happening], cwd=tmp_path).missed == ()


@pytest.mark.parametrize(
    ("each", "rule"),
    [
        (it("effects-happen-once", names=["mail"]), "CP306"),
        (it("retry-cap"), ""),
        (it("workflow-ends-as-baseline", near=["Other"]), ""),
        (it("calls-nothing-non-deterministic", witnesses=call("uuid.uuid4", "x/ids.py:1 in new")), "CP102"),
        (it("calls-nothing-non-deterministic", witnesses=call("time.gmtime", "x/ids.py:1 in new")), "CP101"),
        (it("calls-nothing-non-deterministic", witnesses=call("os.environ", "x/ids.py:1 in new")), "CP103"),
        (it("calls-nothing-non-deterministic", witnesses=call("time.sleep", "x/ids.py:1 in new")), "CP105"),
        (it("replays-under-every-condition", conditions=("hash seed 2",)), "CP106"),
    ],
)
def test_what_is_missed_tells_the_rule_that_should_have_found_it(
    each: ObservedFailure, rule: str, tmp_path: Path
) -> None:
    (missed,) = meet(AuditResult(), [each], cwd=tmp_path).missed
    assert (missed.check, missed.rule, missed.source) == (each.check, rule, "trial 1")
    assert missed.line == (each.witnesses[0].stack[-1] if each.witnesses else "")


def test_what_only_rules_would_find_that_were_not_asked_is_not_missed(tmp_path: Path) -> None:
    run = [it("effects-happen-once", names=["charge"]), it("retry-bounded", names=["charge"]), it("retry-cap")]
    missed = meet(AuditResult(), run, cwd=tmp_path, asked=["CP403"]).missed
    assert [each.check for each in missed] == ["retry-bounded"]


def test_many_that_confirm_one_finding_are_told_shortly(tmp_path: Path) -> None:
    run = [replace(it("effects-happen-once", names=["charge"]), source=f"trial {number}") for number in range(5)]
    (found,) = meet(AuditResult(findings=(KEYLESS,)), run, cwd=tmp_path).findings
    assert [line.rpartition(" (")[2] for line in found.confirmed] == ["trial 0)", "trial 1)", "trial 2)", "and 2 more"]


def test_every_check_and_condition_has_its_place_in_the_table() -> None:
    of_replays = {
        judging.AS_RECORDED,
        judging.UNDER_EVERY_CONDITION,
        judging.DETERMINISTIC_CALLS,
        judging.TEMPORAL,
        judging.KEEPS_PROCESS,
        judging.RUNS_NOTHING,
    }
    assert CHECKS.keys() == {check.name for check in standard()} | of_replays
    known = {rule.id for rule in RULES}
    named = {rule for shows in CHECKS.values() for rule in (*shows.rules, shows.expected) if rule}
    assert named | {rule for rules in CONDITIONS.values() for rule in rules} <= known


def test_replays_of_planted_dependences_confirm_each_and_miss_none() -> None:
    planted = ROOT / "tests" / "replay" / "planted"
    found = with_evidence(
        audit([planted / "conditions", planted / "shared"], jobs=1), str(SHOWN / "replayed.json"), cwd=ROOT
    )
    determinism = [each for each in found.findings if each.rule < "CP203" or each.rule == "CP501"]
    assert [f"{each.place.file}:{each.place.line}" for each in determinism if not each.confirmed] == []
    assert len(determinism) >= 14
    assert found.missed == ()
    (drawn,) = (each for each in determinism if each.place.file.endswith("jitter.py"))
    assert (drawn.rule, drawn.place.line) == ("CP102", 8)
    assert drawn.confirmed[0].startswith("replays-under-every-condition: StartTimer 1 differs from replay to replay")
    assert drawn.confirmed[0].endswith("(history tests/replay/planted/histories/polling-1.json)")


@pytest.mark.parametrize("local", [False, True])
def test_an_evidence_folder_confirms_what_it_shows(tmp_path: Path, local: bool) -> None:
    saved_run(tmp_path / "run", local=local)
    found = with_evidence(AuditResult(findings=(KEYLESS, ORDER)), "run", cwd=tmp_path)
    assert all(each.confirmed for each in found.findings)


WORSE_IN_A_RUN = {
    "within-server-limits": "what may grow has grown beyond the limit",
    "hang-noticed": "it is broken only where an attempt did hang",
    "outage-ends-at-cap": "it is broken only where a cap is declared, and does not hold",
    "non-retryable-means-one-attempt": "a server did otherwise than was declared",
}
"""Checks that are broken in a run where code and histories show a risk, each with the reason."""


def test_one_fact_has_one_severity_in_runs_histories_and_code() -> None:
    severities = {rule.id: rule.severity for rule in CATALOGUE}
    apart = {
        check.name
        for check in standard()
        if CHECKS[check.name].expected and severities[CHECKS[check.name].expected] is not check.severity
    }
    assert apart == set(WORSE_IN_A_RUN)


def test_retries_without_end_are_one_risk_in_a_run_in_its_history_and_in_its_code(tmp_path: Path) -> None:
    code = activity("return requests.get('https://a.example').text", kind="def")
    (in_code,) = audited_rule(tmp_path, "CP403", code, options="start_to_close_timeout=timedelta(minutes=1)")
    history = unlimited_but_never_retried()
    (in_history,) = audited([look(history, file="history.json")]).findings
    evidence = Evidence(trial="1", scenario="agent", plan=Plan(), end="closed", histories=(history,))
    (in_run,) = judge(evidence, baselines=[evidence], checks=[checks.named("retry-bounded")]).findings
    assert in_code.rule == in_history.rule == "CP403"
    reported = [finding_of(each, {rule.id: rule for rule in CATALOGUE}) for each in (in_code, in_history)]
    assert {*(each.severity for each in reported), in_run.how_bad} == {Severity.RISKY}


def test_bounded_retries_are_no_finding_in_any_of_them(tmp_path: Path) -> None:
    options = "start_to_close_timeout=timedelta(minutes=1), retry_policy=RetryPolicy(maximum_attempts=3)"
    code = activity("return requests.get('https://a.example').text", kind="def")
    assert audited_rule(tmp_path, "CP403", code, options=options) == []
    history = nothing_wrong()
    assert audited([look(history, file="history.json")]).findings == ()
    evidence = Evidence(trial="1", scenario="agent", plan=Plan(), end="closed", histories=(history,))
    assert judge(evidence, baselines=[evidence], checks=[checks.named("retry-bounded")]).findings == ()
