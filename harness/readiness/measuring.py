"""Filling the checklist: each point from what a run, an audit, replays and explorations came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from harness import faults
from harness.readiness.points import POINTS, ReadinessPoint
from harness.records.audit_result import AuditFinding, AuditResult
from harness.records.checklist import CheckedPoint, Checklist
from harness.records.explore_result import ExploreFinding, ExploreResult
from harness.records.replay_result import ReplayResult
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from harness.report.phrases import number, place_text, plan_text, reproduce_trial
from harness.report.sweep.remarks import command_for_the_rest

_SHOWN = 4
"""How many pieces of evidence a point names."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the checklist is filled from.

    Attributes:
        sweeps: What each scenario came to.
        observed: What the checks of this room said of the same trials.
        outages: Names of the scenarios in which the usual model is out of service from the start.
        asks_models: Whether any model is asked in an undisturbed trial.
        audit: What reading the code found; None where no code was read.
        replay: What replays under all conditions came to; None where nothing was replayed.
        explored: What each exploration came to.
        waived: Why a point is not applicable, by its id, where the user says so.
        folder: The evidence folder, as the user would type it.
    """

    sweeps: Sequence[SweepResult] = ()
    observed: Sequence[Verdict] = ()
    outages: frozenset[str] = frozenset()
    asks_models: bool = True
    audit: AuditResult | None = None
    replay: ReplayResult | None = None
    explored: Sequence[ExploreResult] = ()
    waived: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True)
class _Judged:
    """A trial that counts for a point, with the judgements of the point's checks."""

    verdict: Verdict
    judgements: tuple[Judgement, ...]


def checklist(measured: Measured) -> Checklist:
    """Fill the checklist."""
    return Checklist(points=tuple(_checked(point, measured) for point in POINTS), limits=tuple(_limits(measured)))


def _limits(measured: Measured) -> Iterator[str]:
    if measured.audit is None:
        yield "no code was read: what the rules of the audit say of it is not in here"
    elif measured.audit.unknown:
        yield f"not all of the code was read: {'; '.join(measured.audit.unknown)}"
    for sweep in measured.sweeps:
        if sweep.untried:
            yield f"{sweep.scenario}: {number(len(sweep.untried), 'point')} not tried: {sweep.limit or 'interrupted'}"
        if sweep.inapplicable:
            yield f"{sweep.scenario}: not applicable: {sweep.inapplicable}"
    if rest := command_for_the_rest(measured.sweeps, measured.folder):
        yield f"the rest is run by: {rest} ; crashproof ready --from {measured.folder}"


def _checked(point: ReadinessPoint, measured: Measured) -> CheckedPoint:
    outcome, why, evidence = _outcome(point, measured)
    return CheckedPoint(
        id=point.id,
        theme=point.theme,
        title=point.title,
        promise=point.promise,
        outcome=outcome,
        why=why,
        evidence=tuple(dict.fromkeys(evidence))[:_SHOWN],
        remedy=point.remedy,
        planted=point.planted,
    )


def _outcome(point: ReadinessPoint, measured: Measured) -> tuple[Outcome | None, str, list[str]]:
    """Return what a point came to, why, and what shows it: what breaks it first, then what is not known."""
    if point.id in measured.waived:
        return None, f"said by the user: {measured.waived[point.id]}", []
    trials = list(_trials(point, measured))
    broken = [*_broken_in_trials(trials, measured), *_broken_elsewhere(point, measured)]
    if broken:
        more = f", and {number(len(broken) - 1, 'more finding')}" if len(broken) > 1 else ""
        return Outcome.FAIL, broken[0][0] + more, [shown for _, evidence in broken for shown in evidence]
    sweeps = _sweeps(point, measured)
    struck, lacking = _struck(point, sweeps, asks_models=measured.asks_models)
    passed = [each for each in trials if any(one.outcome is Outcome.PASS for one in each.judgements)]
    if point.outage and not measured.asks_models:
        return None, "the work asks no model", []
    if point.outage and not sweeps:
        why = "no scenario takes the usual model away while another one answers: give one, or say --not-applicable"
        return Outcome.UNKNOWN, why, []
    if lacking or (unknown := list(_unknown(point, trials, sweeps, measured))):
        why, evidence = (lacking, []) if lacking else unknown[0]
        return Outcome.UNKNOWN, why, evidence
    if not passed:
        return _nothing_judged(point, trials, sweeps)
    return Outcome.PASS, _held(passed, struck, measured, point), _shown(passed, measured)


def _sweeps(point: ReadinessPoint, measured: Measured) -> list[SweepResult]:
    return [
        sweep
        for sweep in measured.sweeps
        if (sweep.scenario in measured.outages) is point.outage and not sweep.inapplicable
    ]


def _trials(point: ReadinessPoint, measured: Measured) -> Iterator[_Judged]:
    """Yield the trials that count for a point."""
    names = {sweep.scenario for sweep in _sweeps(point, measured)}
    verdicts = [*(verdict for sweep in measured.sweeps for verdict in sweep.verdicts), *measured.observed]
    for verdict in verdicts:
        if verdict.scenario in names and _counts(point, verdict):
            judgements = tuple(each for each in verdict.judgements if _is_of(point, each.check))
            if judgements or verdict.reason:
                yield _Judged(verdict, judgements)


def _counts(point: ReadinessPoint, verdict: Verdict) -> bool:
    struck = [faults.named(strike.fault) for strike in verdict.plan.strikes]
    if point.undisturbed and struck:
        return False
    wanted = {*point.under, *point.faults}
    return not point.under or all({fault.family, fault.name} & wanted for fault in struck)


def _is_of(point: ReadinessPoint, check: str) -> bool:
    return any(fnmatchcase(check, pattern) for pattern in point.checks)


def _broken_in_trials(trials: Sequence[_Judged], measured: Measured) -> list[tuple[str, list[str]]]:
    """Return what checks found, each finding once, the worst and the smallest plan first; in words, with evidence."""
    seen: dict[tuple[str, str], tuple[Verdict, Finding]] = {}
    shown = [(each.verdict, finding) for each in trials for one in each.judgements for finding in one.findings]
    for verdict, finding in sorted(shown, key=lambda each: (-each[1].how_bad.rank, len(each[0].plan.strikes))):
        seen.setdefault((verdict.scenario, finding.id), (verdict, finding))
    code = {sweep.scenario: sweep.code for sweep in measured.sweeps}
    return [
        (
            f"{finding.check}: {finding.message}",
            [
                *_of_trial(verdict, measured),
                reproduce_trial(verdict.trial, folder=measured.folder),
                *map(_of_line, code[verdict.scenario].get(finding.id, ())),
            ],
        )
        for verdict, finding in seen.values()
    ]


def _broken_elsewhere(point: ReadinessPoint, measured: Measured) -> Iterator[tuple[str, list[str]]]:
    """Yield what replays, explorations and the audit found."""
    if point.replays and measured.replay:
        for replayed in measured.replay.findings:
            if not replayed.accepted:
                yield f"replays: {replayed.message}", list(replayed.histories[:1])
    for explored in measured.explored:
        for finding in explored.findings:
            if _is_of(point, finding.check):
                yield f"{finding.check}: {finding.message}", _of_path(finding)
    for broken in measured.audit.failing if measured.audit else ():
        if broken.rule.startswith(point.rules):
            yield f"{broken.rule}: {broken.message}", [_of_line(broken)]


def _unknown(
    point: ReadinessPoint, trials: Sequence[_Judged], sweeps: Sequence[SweepResult], measured: Measured
) -> Iterator[tuple[str, list[str]]]:
    """Yield why it cannot be said that a point holds."""
    if not sweeps:
        yield "no trial was run", []
    for sweep in sweeps:
        untried = [strike for strike in sweep.untried if strike.fault in point.faults]
        if untried:
            why = sweep.limit or "the run was interrupted"
            yield f"{sweep.scenario}: {number(len(untried), 'point')} of it not tried: {why}", []
        if sweep.reason:
            yield f"{sweep.scenario}: {sweep.reason}", []
    for each in trials:
        reasons = [each.verdict.reason] if each.verdict.reason else []
        unsure = [one for one in each.judgements if one.outcome is Outcome.UNKNOWN]
        reasons += [f"{one.check}: {one.reason.strip().splitlines()[-1]}" for one in unsure if one.reason.strip()]
        for reason in reasons:
            yield f"{plan_text(each.verdict.plan)}: {reason}", _of_trial(each.verdict, measured)
    if point.replays:
        yield from _not_replayed(measured)


def _not_replayed(measured: Measured) -> Iterator[tuple[str, list[str]]]:
    if measured.replay is None:
        yield "no history was replayed under all conditions", []
    elif measured.replay.outcome is Outcome.UNKNOWN:
        unknown = [each for each in measured.replay.histories if each.outcome is Outcome.UNKNOWN]
        why = unknown[0].reason if unknown else "no command was compared"
        yield f"replays: {why}", [each.file for each in unknown[:1]]


def _struck(point: ReadinessPoint, sweeps: Sequence[SweepResult], *, asks_models: bool) -> tuple[dict[str, int], str]:
    """Return how often each fault of a point was struck, and which of them was not though the worker can meet it."""
    struck = {name: sum(_struck_in(sweep, name) for sweep in sweeps) for name in point.faults}
    met_nowhere = {
        name
        for name in struck
        if (not asks_models and faults.named(name).family == "model")
        or all(name in sweep.not_applicable for sweep in sweeps)
    }
    missing = [name for name, times in struck.items() if not times and name not in met_nowhere]
    lacking = f"not struck: {', '.join(missing)}" if missing and sweeps else ""
    return struck, lacking


def _struck_in(sweep: SweepResult, name: str) -> int:
    vacuous = {verdict.plan.strikes[-1] for verdict in sweep.of_cuts if verdict.plan.strikes and not verdict.struck}
    return sum(1 for strike in sweep.struck if strike.fault == name and strike not in vacuous)


def _nothing_judged(
    point: ReadinessPoint, trials: Sequence[_Judged], sweeps: Sequence[SweepResult]
) -> tuple[Outcome | None, str, list[str]]:
    """Return what a point came to of which no check had anything to look at."""
    reasons = [one.reason for each in trials for one in each.judgements if one.reason]
    if not trials:
        return Outcome.UNKNOWN, "none of its checks was asked", []
    unmet = [sweep.not_applicable[name] for sweep in sweeps for name in point.faults if name in sweep.not_applicable]
    why = next(iter([*reasons, *unmet]), "there is nothing of the kind")
    return None, why, []


def _held(passed: Sequence[_Judged], struck: Mapping[str, int], measured: Measured, point: ReadinessPoint) -> str:
    """Return why a point holds, in one sentence."""
    checks = {one.check for each in passed for one in each.judgements if one.outcome is Outcome.PASS}
    made = [f"{name} at {number(times, 'point')}" for name, times in struck.items() if times]
    words = f"held in {number(len(passed), 'trial')} by {number(len(checks), 'check')}"
    words += f": {', '.join(made)}" if made else ""
    if point.replays and measured.replay:
        commands = sum(history.commands for history in measured.replay.histories)
        histories, conditions = len(measured.replay.histories), len(measured.replay.conditions)
        words += f"; {number(commands, 'command')} of {number(histories, 'history', 'histories')} replayed under "
        words += number(conditions, "condition")
    if point.tells:
        said = dict.fromkeys(one.reason for each in passed for one in each.judgements if one.reason)
        words += "".join(f"; {reason}" for reason in list(said)[:_SHOWN])
    unmet = [name for name, times in struck.items() if not times]
    return f"{words} ({', '.join(unmet)}: not applicable)" if unmet else words


def _shown(passed: Sequence[_Judged], measured: Measured) -> list[str]:
    """Return where it is seen that a point holds: in the trials with strikes before those without."""
    order = sorted(passed, key=lambda each: not each.verdict.plan.strikes)
    return [place for each in order[:2] for place in _of_trial(each.verdict, measured)]


def _of_trial(verdict: Verdict, measured: Measured) -> list[str]:
    return [f"{measured.folder}/trials/{verdict.trial}/"] if measured.folder else []


def _of_path(finding: ExploreFinding) -> list[str]:
    return [finding.history, f"crashproof reproduce {finding.id}"] if finding.history else []


def _of_line(finding: AuditFinding) -> str:
    return f"{finding.rule} {place_text(finding.place)}"
