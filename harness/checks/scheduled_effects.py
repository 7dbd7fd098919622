"""Effects of a schedule's runs: each run does outside what the work does when somebody starts it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from harness.checks import lasting_effects, masking, showing
from harness.checks.check import NothingToLookAt, check
from harness.checks.lasting_effects import LastingEffect
from harness.checks.scheduled import scheduled_at, scheduled_runs
from harness.records.evidence import Evidence, History
from harness.records.verdict import Finding
from harness.temporal import event as events

_NAME = "scheduled-runs-do-alike"


@dataclass(frozen=True)
class _Usual:
    """One effect of the undisturbed work, ids apart.

    Attributes:
        effect: The effect; what differs from one undisturbed run to the other is masked.
        times: How often it happens in one run.
        of_run: Whether its key is made of ids of the run, or it has none, so that each run has it for itself.
    """

    effect: LastingEffect
    times: int
    of_run: bool


@check(
    _NAME,
    why="What a schedule starts nobody looks at: that its run did nothing, or did it twice, is found days later.",
    fix="Look at what the runs share: a worker process that remembers what was done keeps the next run from doing it. "
    "What shall happen once for all runs carries a key of the work, and what each run does a key of that run.",
)
def scheduled_runs_do_alike(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Each run that a schedule starts has the effects of the undisturbed work, as often, unless cancelled.

    An effect whose key is not made of ids of the run may have happened before: it need not be asked for again.
    """
    runs = scheduled_runs(evidence)
    if not runs:
        raise NothingToLookAt("no schedule started a run")
    usual, seen = _usual_effects(baselines), _seen_effects(evidence, runs)
    if not usual and not seen:
        raise NothingToLookAt("neither the work nor a run of its schedule had an effect")
    ends = {events.kind(close) for close in map(events.root_close, baselines) if close}
    whole = sum(_is_whole(each, ends) for each in runs)
    if not whole:
        raise NothingToLookAt("no run of the schedule ended as the work does when somebody starts it")
    left = list(seen)
    for each in usual:
        met = [effect for effect in left if _agrees(effect, each.effect)]
        left = [effect for effect in left if effect not in met]
        least, most = (whole * each.times if each.of_run else 0), len(runs) * each.times
        if not least <= len(met) <= most:
            yield _finding(evidence, each.effect, len(met), runs=len(runs), times=each.times, shown=met)
    for effect in left if whole == len(runs) else ():  # one that was cancelled may undo what it did
        words = f"a run of a schedule had the effect {effect.name} with {showing.short(effect.body)}"
        words += ", which the work has not when somebody starts it"
        shown = showing.entries(evidence, effect.entries)
        yield Finding(check=_NAME, subject=f"{effect.name} extra", message=words, evidence=shown)


def _is_whole(run: History, ends: Set[str]) -> bool:
    """Tell whether a run ended as the work does, and was not asked to end before: then it may have done less."""
    close = events.close_of(run)
    asked = run.of_type("WORKFLOW_EXECUTION_CANCEL_REQUESTED")
    return close is not None and events.kind(close) in ends and not any(asked)


def _finding(
    evidence: Evidence, usual: LastingEffect, count: int, *, runs: int, times: int, shown: Sequence[LastingEffect]
) -> Finding:
    of_runs = f"{runs} runs" if runs > 1 else "the one run"
    words = f"{usual.name} happened {showing.times(count)} in {of_runs} of a schedule; started by somebody, the work "
    words += f"has it {showing.times(times)}" if count else "has it"
    entries = [entry for effect in shown for entry in effect.entries]
    return Finding(check=_NAME, subject=usual.name, message=words, evidence=showing.entries(evidence, entries))


def _usual_effects(baselines: Sequence[Evidence]) -> list[_Usual]:
    """Return the effects of the undisturbed work; those whose number differs from run to run are left out."""
    loose, usual = lasting_effects.uncounted(baselines), list[_Usual]()
    for pattern in lasting_effects.effect_patterns(baselines) if baselines else ():
        if not pattern.path or pattern.name in loose:  # whose a change of the state is cannot be told
            continue
        named = _nameless(baselines[0], pattern)
        again = next((each for each in usual if _agrees(named, each.effect)), None)
        if again is None:
            of_run = not pattern.key or named.key != pattern.key or not isinstance(pattern.key, str)
            usual.append(_Usual(named, 1, of_run))
        else:
            usual[usual.index(again)] = replace(again, times=again.times + 1)
    return usual


def _seen_effects(evidence: Evidence, runs: Sequence[History]) -> list[LastingEffect]:
    """Return the effects of the runs of a schedule; the same name and key asked again is the same effect."""
    of_runs = replace(evidence, histories=tuple(replace(each, root=True) for each in runs))
    return [_nameless(of_runs, each) for each in lasting_effects.effects_since(evidence, scheduled_at(evidence) or 0.0)]


def _nameless(evidence: Evidence, effect: LastingEffect) -> LastingEffect:
    values: dict[str, Any] = {"path": effect.path, "key": effect.key, "body": effect.body}
    return replace(effect, **{name: masking.nameless(evidence, value) for name, value in values.items()})


def _agrees(seen: LastingEffect, usual: LastingEffect) -> bool:
    same = seen.name == usual.name
    return same and masking.agrees(seen.path, usual.path) and masking.agrees(seen.body, usual.body)
