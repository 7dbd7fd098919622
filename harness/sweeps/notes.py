"""Notes: what a reader must know to read the verdicts of a sweep rightly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from harness.faults.fault import TASK_OF_ACTIVITY
from harness.records.act_facts import WorkerStarted
from harness.records.activity_account import why_no_history
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.private_files import LONGEST_LOG
from harness.records.scenario import TRIAL, Scenario, Start, Starter
from harness.records.tape import acts, client_calls
from harness.servers.engine import engine
from harness.sweeps.plans import chosen_faults
from harness.sweeps.replaying import ACCEPTED, THROUGH_DOOR, accepted_here, is_through_door
from harness.sweeps.stops import Stop, stops_in_words
from harness.trial.made_up import is_unscripted

UNSCRIPTED = (
    "No script said what the model answers: it answered each request with a short text, or with the tool or the form "
    "that the request insists on, so what its other answers lead to, such as tools, was not met; give one with --model."
)


def notes(
    scenario: Scenario,
    *,
    options: SweepOptions,
    baselines: Sequence[Evidence],
    notices: Iterable[str] = (),
    stops: Sequence[Stop] = (),
    unstable: Iterable[str] = (),
    again: Mapping[str, int] = MappingProxyType({}),
    shortened: int = 0,
) -> list[str]:
    """Return the notes, one sentence or two each.

    Args:
        scenario: The scenario.
        options: How it was run.
        baselines: The evidence of its undisturbed trials.
        notices: What the doors said in any of its trials.
        stops: What its worker process did after SIGTERM.
        unstable: What was said of trials that came to something else in quiet.
        again: How many trials were tried again, for each reason.
        shortened: Of how many trials the logs were too long to be kept whole.
    """
    sentences = []
    if scenario.address:
        sentences.append(f"The worker's address {scenario.address} is fixed: one trial ran at a time.")
    if scenario.states:
        named = ", ".join(Path(name).name for name in scenario.states)
        alone = "" if all(TRIAL in name for name in scenario.states) else ": one ran at a time"
        sentences.append(f"{named} was compared as effects are and put back after each trial{alone}.")
    if isinstance(scenario.work, Starter) and not scenario.work.command:
        sentences.append(
            "The worker starts its own work: what its program had asked before a strike was answered as before when it "
            "asked again, so nothing was started or sent twice."
        )
    without_workflow = _without_workflow(scenario, baselines)
    sentences += without_workflow
    if any(is_unscripted(scenario, each.tape) for each in baselines):
        sentences.append(UNSCRIPTED)
    if is_through_door(scenario, options):
        sentences.append(THROUGH_DOOR)
    elif not (without_workflow or options.workflows or scenario.work.modules or scenario.replayer):
        sentences.append("No workflow code was named to replay: give it with --workflows or --replayer.")
    sentences += [ACCEPTED] if accepted_here() else []
    if not options.real_time and not engine(options.engine).lacks("acceleration"):
        sentences.append("Timeouts after a strike were accelerated, except in the real-time trials.")
    if any(TASK_OF_ACTIVITY in fault.spares for fault in chosen_faults(scenario, options)):
        sentences.append(
            f"No answer to {TASK_OF_ACTIVITY} was lost: the task would have come again only after its timeout, which "
            f"the engine `{options.engine}` cannot let happen early; `--real-time` waits for it, and `dev` need not."
        )
    sentences += [*_never_sent(baselines), *_never_over(scenario, baselines)]
    sentences += _how_started(baselines)
    if options.engine != "dev":
        sentences.append(f"The engine was `{options.engine}`: time was skipped while nothing was under way.")
    elif scenario.skips_time:
        sentences.append("The scenario lets time pass: time was skipped while nothing was under way.")
    if stops:
        sentences.append(stops_in_words(stops))
    for reason, count in again.items():
        sentences.append(f"{count} trials were tried again: {reason}." if count > 1 else f"Tried again: {reason}.")
    if shortened:
        most = LONGEST_LOG >> 20
        sentences.append(
            f"The worker's logs were longer than {most} MiB in {shortened} trials: their middle is left out."
        )
    return [*sentences, *unstable, *dict.fromkeys(notices)]


def _never_sent(baselines: Sequence[Evidence]) -> list[str]:
    """Say what undisturbed work that ended was never sent, so that nothing that it leads to was tried."""
    over = (each for each in baselines if each.end == "closed")
    calls = [call for each in over for call in client_calls(each.tape, "unsent")]
    return list(dict.fromkeys(f"{call.name} was never sent undisturbed: {call.failure}." for call in calls))


def _never_over(scenario: Scenario, baselines: Sequence[Evidence]) -> list[str]:
    """Say that undisturbed work ended before what says that it is over, which may be misspelt."""
    over = scenario.over
    if over is None or not baselines or any(each.end != "closed" for each in baselines):
        return []
    times = f" {over.times} times" if over.times > 1 else ""
    missed = f"{over.point}, which says when the work is over, was not reached{times} undisturbed"
    return [f"{missed}: it ended by itself."]


def _without_workflow(scenario: Scenario, baselines: Sequence[Evidence]) -> list[str]:
    """Say that the work is an activity without a workflow, and what was declared of it, where that is so."""
    activity = scenario.work.activity if isinstance(scenario.work, Start) else None
    if not activity and not any(map(why_no_history, baselines)):
        return []
    declared = f" ({activity.in_words})" if activity else ""
    return [
        f"The work is an activity without a workflow{declared}: there is no history to replay, and it was judged by "
        "what passed the doors and what the server says of it."
    ]


def _how_started(baselines: Sequence[Evidence]) -> list[str]:
    """Say how worker processes were started, where that was by forking, or was to be."""
    entries = (entry for each in baselines for entry in acts(each.tape, "start-worker"))
    starts = [start for entry in entries if (start := entry.facts_as(WorkerStarted))]
    if any(start.start == "forked" for start in starts):
        of = "" if any(start.start == "cold" for start in starts) else " of another scenario of the same program"
        return [
            "Worker processes were forked from one that had imported the installed modules, except in the first "
            f"baseline{of}; --cold starts all of them cold."
        ]
    reasons = dict.fromkeys(start.why for start in starts if start.why)
    return [f"Worker processes were started cold, which takes longer: {reason}." for reason in reasons]
