"""Judging: all checks over the evidence of one trial, and whether the trial showed anything at all."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from harness.checks.check import CannotTell, CannotTellUnderLoad, Check, NothingToLookAt
from harness.checks.closing import closed_at
from harness.checks.lateness import Late, heavy_lag, why_excused
from harness.checks.lost_tasks import lost_task
from harness.checks.undisturbed import unserved
from harness.records.act_facts import FaultMade
from harness.records.activity_account import why_no_history
from harness.records.evidence import Evidence
from harness.records.plan import Strike
from harness.records.point import CLOSES_ACTIVITY, is_goodbye, meets
from harness.records.tape import Entry
from harness.records.verdict import Finding, Judgement, Outcome, Severity, TimeTaken, Verdict

_ANSWERS = ("Respond", "RecordActivityTaskHeartbeat")

_SHARE = 0.25
"""Share of a trial that the machine must have kept it waiting for to have a part in what it came to.

Any lag can have kept a strike from being made.
"""

_SHARED = 4096  # judgements that are kept to be shared

_USUAL = "seen without any strike as well: told with the baseline"


def judge(
    evidence: Evidence, *, baselines: Sequence[Evidence], checks: Sequence[Check], fail_on: Severity = Severity.BROKEN
) -> Verdict:
    """Judge one trial.

    What the baselines before it show, too, is theirs: it is told with the first one, and not again. And a trial that
    failed where crashproof could not serve what its worker asked for, or where the server lost a workflow task, says
    nothing of the worker.

    Args:
        evidence: What the trial left behind.
        baselines: The evidence of the undisturbed trials, one or two; a baseline that is judged is among them.
        checks: The checks, in the order of the verdict.
        fail_on: How bad a finding must be to fail.
    """
    missed = _missed(evidence)
    verdict = Verdict(
        trial=evidence.trial,
        scenario=evidence.scenario,
        plan=evidence.plan,
        struck=not missed,
        reason=_reason(evidence, missed),
        judgements=tuple(_judgement(check, evidence, baselines, fail_on) for check in checks),
    )
    failed = verdict.outcome is Outcome.FAIL
    if failed and (lacking := unserved(evidence, baselines) or lost_task(evidence)):
        return replace(verdict, reason=lacking, judgements=())
    return replace(verdict, slow=_slow(verdict, evidence))


def _slow(verdict: Verdict, evidence: Evidence) -> str:
    if verdict.outcome is Outcome.PASS:
        return ""
    excused = next((each.reason for each in verdict.judgements if each.excused), "")
    return excused or heavy_lag(evidence, share=_SHARE if verdict.struck else 0.0)


def _judgement(check: Check, evidence: Evidence, baselines: Sequence[Evidence], fail_on: Severity) -> Judgement:
    looked = _looked(check, evidence, baselines)
    findings, outcome, reason = looked.findings, looked.outcome, looked.reason
    own = _own(findings, check, evidence, baselines) if findings else []
    excused = bool(looked.excuses)
    if any(finding.how_bad.fails(fail_on) for finding in own):
        outcome = Outcome.FAIL
    elif any(finding.how_bad.fails(fail_on) for finding in findings) and outcome is Outcome.PASS:
        outcome, reason = None, _USUAL
    if not own and not looked.times:
        return _with_nothing_to_show(check.name, outcome, reason, excused)
    return Judgement(
        check=check.name,
        outcome=outcome,
        reason=reason,
        findings=tuple(own),
        excused=excused,
        times=tuple(looked.times),
    )


@functools.lru_cache(maxsize=_SHARED)
def _with_nothing_to_show(check: str, outcome: Outcome | None, reason: str, excused: bool) -> Judgement:
    """Return one and the same judgement to all trials of which a check says the same, as it does of most."""
    return Judgement(check=check, outcome=outcome, reason=reason, excused=excused)


@dataclass
class _Looked:
    """What one check made of one trial.

    Attributes:
        findings: What it found.
        excuses: What came too late, and is explained by a busy machine.
        times: What it measured.
        outcome: PASS where it ran to its end and nothing is excused; None where it had nothing to look at.
        reason: As in ``Judgement``.
    """

    findings: list[Finding] = field(default_factory=list)
    excuses: list[str] = field(default_factory=list)
    times: list[TimeTaken] = field(default_factory=list)
    outcome: Outcome | None = None
    reason: str = ""


def _looked(check: Check, evidence: Evidence, baselines: Sequence[Evidence]) -> _Looked:
    """Return what a check finds, and how it ended."""
    looked = _Looked()
    try:
        looked.reason = _collect(check, evidence, baselines, looked)
        looked.outcome = Outcome.PASS
    except NothingToLookAt as nothing:
        looked.reason, looked.outcome = str(nothing), Outcome.UNKNOWN if check.needed else None
    except CannotTellUnderLoad as unknown:
        looked.excuses.append(str(unknown))
    except CannotTell as unknown:
        looked.reason, looked.outcome = str(unknown), Outcome.UNKNOWN
    except Exception:
        looked.reason, looked.outcome = traceback.format_exc(), Outcome.UNKNOWN
    if looked.excuses:
        looked.reason, looked.outcome = looked.excuses[0], Outcome.UNKNOWN
    return looked


def _explained(finding: Finding, check: Check) -> Finding:
    """Return a finding with the words of its check where it has none of its own."""
    return replace(
        finding, severity=finding.severity or check.severity, why=finding.why or check.why, fix=finding.fix or check.fix
    )


def _own(findings: Sequence[Finding], check: Check, evidence: Evidence, baselines: Sequence[Evidence]) -> list[Finding]:
    """Return the findings that no baseline before this trial shows, or only as something less bad."""
    usual: dict[str, int] = {}
    for baseline in takewhile(lambda each: not _same_trial(each, evidence), baselines):
        for finding in _looked(check, baseline, baselines).findings:
            usual[finding.id] = max(finding.how_bad.rank, usual.get(finding.id, 0))
    return [finding for finding in findings if finding.how_bad.rank > usual.get(finding.id, -1)]


def _same_trial(one: Evidence, other: Evidence) -> bool:
    return one is other or (one.trial, one.plan) == (other.trial, other.plan)


def _collect(check: Check, evidence: Evidence, baselines: Sequence[Evidence], looked: _Looked) -> str:
    """Gather the findings, so that those made before a check raises are kept; return what the generator returns."""
    judging = check.judge(evidence, baselines)
    while True:
        try:
            seen = next(judging)
        except StopIteration as stop:
            return stop.value if isinstance(stop.value, str) else ""
        if isinstance(seen, TimeTaken):
            looked.times.append(seen)
        elif not isinstance(seen, Late):
            looked.findings.append(_explained(seen, check))
        elif excuse := why_excused(seen, evidence):
            looked.excuses.append(excuse)
        elif seen.finding.id not in {each.id for each in looked.findings}:
            looked.findings.append(_explained(seen.finding, check))


def _missed(evidence: Evidence) -> list[Strike]:
    """Return the planned strikes that were not made while the workflow was open, or at the goodbye of a worker."""
    made = [strike for strike in evidence.strikes if is_goodbye(_struck_point(strike)) or _while_open(strike, evidence)]
    missed = []
    for planned in evidence.plan.strikes:
        match = next((strike for strike in made if _is(strike, planned)), None)
        if match is None:
            missed.append(planned)
        else:
            made.remove(match)
    return missed


def _is(made: Entry, planned: Strike) -> bool:
    return made.fault == planned.fault and meets(_struck_point(made), planned.point)


def _struck_point(strike: Entry) -> str:
    made = strike.facts_as(FaultMade)
    return made.point if made else ""


def _while_open(strike: Entry, evidence: Evidence) -> bool:
    closed = closed_at(evidence)
    closing = CLOSES_ACTIVITY if why_no_history(evidence) else ("RespondWorkflowTaskCompleted",)
    return strike.at <= closed or any(
        entry.point is not None
        and entry.kind == "reply"
        and entry.operation in closing
        and entry.point.id == _struck_point(strike)
        and _asked_before(entry, closed, evidence)
        for entry in evidence.tape
    )


def _asked_before(reply: Entry, closed: float, evidence: Evidence) -> bool:
    """Tell whether the message was sent while the workflow was open: it may be the one that closed it."""
    return any(
        entry.kind == "request" and entry.message == reply.message and entry.at <= closed for entry in evidence.tape
    )


def _reason(evidence: Evidence, missed: list[Strike]) -> str:
    if missed:
        never = ", ".join(str(strike) for strike in missed)
        return f"never struck while the workflow was open: {never}"
    if evidence.end == "stopped":
        return evidence.end_reason or "crashproof stopped waiting and gave no reason"
    return _unascribed(evidence)


def _unascribed(evidence: Evidence) -> str:
    """Say which tasks were answered by a process that is no worker process of the trial: it was never struck."""
    answers = [
        entry.operation
        for entry in evidence.tape
        if entry.kind == "request" and entry.door == "wire" and not entry.worker
        if entry.operation.startswith(_ANSWERS)
    ]
    if not answers:
        return ""
    named = ", ".join(dict.fromkeys(answers))
    return (
        f"{len(answers)} calls of a worker came from a process that crashproof did not start, and so could not strike "
        f"({named}): end whatever else works on the worker's task queue behind its address"
    )
