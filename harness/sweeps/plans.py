"""Plans of a sweep: which points there are, and which trials strike at them. From tapes alone: nothing is run here."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from math import inf

from harness import faults
from harness.checks.closing import sent_while_open
from harness.faults import Fault
from harness.faults.client_actions import RUNS_ANEW, begins_another_run
from harness.faults.fault import without_lost_tasks
from harness.faults.without_workflow import at_activity, is_made_to_activities
from harness.records.act_facts import WorkerExited
from harness.records.cut import Cut, cuts_of, is_known, new_cuts, steady
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.point import is_goodbye, matches
from harness.records.scenario import Scenario
from harness.records.tape import Entry, acts
from harness.servers.engine import Engine
from harness.servers.engine import engine as engine_of
from harness.trial.deadline import activity_bounds

REAL_TIME_BELOW = 60.0
"""Declared bounds in seconds up to which one trial for each activity type waits for them in real time."""


@dataclass(frozen=True, kw_only=True)
class ShownCut:
    """A cut that the recovery of a trial shows.

    Attributes:
        cut: The cut.
        wanted: Whether it is to be tried; one that is not makes its place known all the same.
    """

    cut: Cut
    wanted: bool


@dataclass(frozen=True, kw_only=True)
class KnownCuts:
    """The cuts that undisturbed trials show, and what was left out of them.

    Attributes:
        cuts: The cuts that are to be tried.
        unsteady: Places that only one of the undisturbed trials reached.
        not_applicable: Faults that cannot be made here, by name, with the reason.
    """

    cuts: tuple[Cut, ...] = ()
    unsteady: tuple[str, ...] = ()
    not_applicable: Mapping[str, str] = field(default_factory=dict)


def chosen_faults(scenario: Scenario, options: SweepOptions) -> tuple[Fault, ...]:
    """Return the faults that a sweep of a scenario makes; where there is a next version of its code, those of code too.

    Where a server cannot let a timeout happen before it is due, no answer is lost that hands an activity out: the task
    would come again only after the whole time that its attempt may take.

    Raises:
        UsageError: A word by which they are asked for names no fault and no family.
    """
    chosen = faults.chosen(options.faults or scenario.faults)
    if scenario.next and not any(fault.changes_code for fault in chosen):
        chosen = faults.chosen([*(fault.name for fault in chosen), "code"])
    if scenario.is_activity:
        chosen = tuple(map(at_activity, chosen))
    if not options.real_time and engine_of(options.engine).lacks("acceleration"):
        chosen = tuple(map(without_lost_tasks, chosen))
    if not options.once_each:
        return chosen
    return tuple(replace(fault, every="activity") if fault.every == "message" else fault for fault in chosen)


def known_cuts(
    chosen: Sequence[Fault], baselines: Sequence[Evidence], *, only: Sequence[str], lacks: Callable[[Fault], str]
) -> KnownCuts:
    """Return where the faults can be made on the way that the undisturbed trials show.

    Args:
        chosen: The faults.
        baselines: The undisturbed trials; the first one gives the order.
        only: Point ids or ``*`` patterns; where given, only cuts at these points.
        lacks: Says why a fault cannot be made with this engine, or returns an empty text.
    """
    tapes = [sent_while_open(evidence) for evidence in baselines]
    cuts: list[Cut] = []
    unsteady: dict[str, None] = {}
    not_applicable: dict[str, str] = {}
    for fault in chosen:
        reason = lacks(fault) or _nobody_left(fault, baselines)
        made = [] if reason else cuts_of(fault, tapes[0])
        if not made:
            not_applicable[fault.name] = reason or _meets_nothing(fault)
        kept, left = steady(made, tapes)
        unsteady.update(dict.fromkeys(left))
        cuts += [cut for cut in kept if is_wanted(cut, only)]
    return KnownCuts(cuts=tuple(cuts), unsteady=tuple(unsteady), not_applicable=not_applicable)


def _nobody_left(fault: Fault, baselines: Sequence[Evidence]) -> str:
    """Say that no worker would be there for another run that a fault begins; an empty text where one is.

    A worker process that does not end with its work is killed at the end of an undisturbed run.
    """
    exits = [entry.facts_as(WorkerExited) for each in baselines for entry in acts(each.tape, "worker-exit")]
    if begins_another_run(fault.action) and any(each and each.exit_status != -signal.SIGKILL for each in exits):
        return "the program ends with its work: no worker is there for a run that it does not wait for"
    return ""


def _meets_nothing(fault: Fault) -> str:
    """Say what would have to be there for a fault to be made."""
    if fault.when in ("before sends", "after sends"):
        return "no signal and no update is sent to the work while it goes on (--signal, --update)"
    return f"the worker sends no {' or '.join(fault.operations or fault.doors)} message that it can meet"


def why_inapplicable(scenario: Scenario, engine: Engine) -> str:
    """Say why a scenario cannot be run on an engine, or return an empty text."""
    lacking = ((why, engine.lacks(need)) for need, why in scenario.needs.items())
    return next((f"{why}, and {lacks}" for why, lacks in lacking if lacks), "")


def why_not_made(fault: Fault, scenario: Scenario, *, engine: Engine, real_time: bool) -> str:
    """Say why a fault cannot be made, or return an empty text.

    Args:
        fault: The fault.
        scenario: The scenario.
        engine: The engine that runs the server.
        real_time: Whether all timeouts are waited for, so that none has to be made to happen. That is no help where a
            worker process is lost and the engine, which lacks acceleration, leaves its workflow tasks with it for good.
    """
    if fault.changes_code and not scenario.next:
        return "no next version of the worker is given (--next)"
    if scenario.is_activity and not is_made_to_activities(fault):
        return "the work is an activity without a workflow: only a workflow has what it needs"
    waits = real_time and not fault.stops_worker
    return engine.lacks(*(need for need in fault.needs if not (waits and need == "acceleration")))


def first_plans(cuts: Sequence[Cut], *, baseline: Evidence, options: SweepOptions) -> list[Plan]:
    """Return one plan for each cut; those that wait in real time come first, since they take longest."""
    patient = real_time_plans(cuts, baseline=baseline, options=options)
    covered = {plan.strikes for plan in patient}
    plans = (Plan((cut.strike,), options.real_time) for cut in cuts)
    return [*patient, *(plan for plan in plans if plan.strikes not in covered)]


def spread(plans: Sequence[Plan]) -> list[Plan]:
    """Return plans so that those which come first stand for all: one of each fault family, then one of each fault.

    What is said of a fault holds for the faults of a plan with several strikes together.
    """
    families: dict[tuple[str, ...], dict[tuple[str, ...], list[Plan]]] = {}
    for plan in plans:
        family, names = tuple(fault.family for fault in plan.faults), tuple(each.fault for each in plan.strikes)
        families.setdefault(family, {}).setdefault(names, []).append(plan)
    return in_turn([in_turn(list(by_fault.values())) for by_fault in families.values()])


def in_turn(groups: Sequence[Sequence[Plan]]) -> list[Plan]:
    """Return the first of each group, then the second of each, and so on."""
    return [plan for row in zip_longest(*groups) for plan in row if plan is not None]


def real_time_plans(cuts: Iterable[Cut], *, baseline: Evidence, options: SweepOptions) -> list[Plan]:
    """Return a plan for one cut of each activity type whose loss is noticed soon enough to wait for it in real time.

    There are none where all trials are in real time. Where trials run one at a time, since the worker's address is
    fixed, there is one alone: that of the type whose loss is noticed first.
    """
    if options.real_time:
        return []
    bounds = {kind: seconds for kind, seconds in activity_bounds(baseline).items() if 0 < seconds < REAL_TIME_BELOW}
    plans: dict[str, Plan] = {}
    for cut in cuts:
        fault = faults.named(cut.fault)
        if fault.unseen and fault.every == "cut" and cut.point.subject in bounds and cut.point.position == "before":
            plans.setdefault(cut.point.subject, Plan((cut.strike,), real_time=True))
    if any(acts(baseline.tape, "fixed-address")):
        return [plans[kind] for kind in sorted(plans, key=lambda kind: bounds[kind])[:1]]
    return list(plans.values())


def recovery_cuts(chosen: Sequence[Fault], evidence: Evidence, *, known: set[str]) -> list[Cut]:
    """Return the cuts at places that this trial is the first to show, and add these places to those that are known.

    See ``shown_cuts`` for those that are left out.
    """
    return first_shown(shown_cuts(chosen, evidence, known=known), known=known)


def first_shown(shown: Iterable[ShownCut], *, known: set[str]) -> list[Cut]:
    """Return those cuts of one trial that are to be tried and not known yet; all their places are known then."""
    new = [each for each in shown if not is_known(each.cut.point, known)]
    known.update(each.cut.point.place for each in new)
    return [each.cut for each in new if each.wanted]


def shown_cuts(chosen: Sequence[Fault], evidence: Evidence, *, known: set[str]) -> list[ShownCut]:
    """Return the cuts that the recovery of a trial shows at places that are not known, and whether each is wanted.

    A fault that nothing heals has all the messages that it can meet for itself: no second fault is made at these. And
    a worker that says goodbye has been asked to end already, and another one takes its place: it is killed there, but
    neither asked once more nor stopped for another one to start. What a paused worker still sends when it goes on is no
    recovery: another one has its work, and no strike is made at it. Faults of which one is made for each type of
    activity, or one in all, are not made again in recoveries, nor are those of clients and of changed code: who
    cancels once, does not cancel again. A run that was started once more, or reset, is no recovery either: it does what
    the first one did.
    """
    further = faults_after(chosen, evidence)
    taken = [fault for fault in evidence.plan.faults if fault.times == 0]
    return [
        ShownCut(cut=cut, wanted=not (_is_leaving(cut) or any(fault.applies_to(cut.point) for fault in taken)))
        for cut in new_cuts(further, _without_zombies(evidence), known)
    ]


def faults_after(chosen: Sequence[Fault], evidence: Evidence) -> list[Fault]:
    """Return which of the faults are made once more after the strikes of a trial; see ``shown_cuts``."""
    if any(isinstance(fault.action, RUNS_ANEW) for fault in evidence.plan.faults):
        return []
    return [
        fault for fault in chosen if fault.every not in ("activity", "once") and fault.family not in ("client", "code")
    ]


def recovery_of(evidence: Evidence) -> list[Entry]:
    """Return the tape of a trial after its last strike, as far as it is recovery; nothing where none was made.

    Left out is what a fault that nothing heals can meet, since it has all of that for itself, and what a worker process
    had sent that was killed: its messages are struck no more.
    """
    tape = _without_zombies(evidence)
    struck = [at for at, entry in enumerate(tape) if entry.kind == "act" and entry.operation == "strike"]
    if not struck:
        return []
    killed = {
        strike.worker for strike in evidence.strikes if faults.named(strike.fault).action.impact.worker == "killed"
    }
    taken = [fault for fault in evidence.plan.faults if fault.times == 0]
    return [
        entry
        for entry in tape[struck[-1] + 1 :]
        if not (entry.worker and entry.worker in killed)
        and not any(entry.point and fault.applies_to(entry.point) for fault in taken)
    ]


def is_followed(evidence: Evidence, options: SweepOptions) -> bool:
    """Tell whether the recovery of a trial is struck in its turn.

    It is not where only some points were asked for; and where faults are made once each, only after a kill.
    """
    once = options.once_each and any(fault.family != "process" for fault in evidence.plan.faults)
    return not (options.only or once)


def places_of(baselines: Iterable[Evidence]) -> frozenset[str]:
    """Return the places of all points that undisturbed trials met."""
    return frozenset(entry.point.place for each in baselines for entry in each.tape if entry.point)


def _without_zombies(evidence: Evidence) -> list[Entry]:
    """Return the tape without what workers sent after they were paused, or once all work had closed."""
    pauses = (each for each in evidence.strikes if faults.named(each.fault).action.impact.worker == "paused")
    paused_at = {strike.worker: strike.at for strike in pauses}
    tape = sent_while_open(evidence)
    return [entry for entry in tape if entry.kind == "act" or entry.at <= paused_at.get(entry.worker, inf)]


def _is_leaving(cut: Cut) -> bool:
    """Tell whether a fault would make another worker take the place of one that is being replaced already."""
    fault = faults.named(cut.fault)
    return is_goodbye(cut.point.id) and fault.stops_worker and not fault.unseen


def further_plan(plan: Plan, cut: Cut, *, options: SweepOptions) -> Plan:
    """Return the plan that makes the strikes of another one, and then one more at a cut that its recovery showed."""
    return replace(plan, strikes=(*plan.strikes, cut.strike), real_time=options.real_time)


def is_wanted(cut: Cut, only: Sequence[str]) -> bool:
    """Tell whether a cut is one of those that were asked for, by the id of its point or a ``*`` pattern."""
    return not only or any(matches(point, pattern) for pattern in only for point in (cut.point.id, *cut.stands_for))
