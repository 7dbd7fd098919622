"""Expected: what the user has said that the work comes to, and what is undone where it gives up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.checks import faults_met, lasting_effects, masking, showing
from harness.checks.attempts import attempts_of
from harness.checks.check import CannotTell, Check, NothingToLookAt
from harness.checks.lasting_effects import LastingEffect, value_at
from harness.errors import UsageError, several_nearest
from harness.faults.transport import ForgetName
from harness.records.evidence import Evidence
from harness.records.expectation import EFFECT, RESULT, UNDONE, counted_effect, undone_effect
from harness.records.verdict import Finding
from harness.temporal import event as events

_COMPLETED = "WORKFLOW_EXECUTION_COMPLETED"


def expected_result(text: str) -> Check:
    """Make a check that the workflow completes with this result, given as JSON.

    Raises:
        UsageError: It is not JSON.
    """
    try:
        wanted = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the expected result {text!r} is not JSON ({error})") from error
    name = f"{RESULT}:{text}"

    def judge(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        for execution, close in _completed(evidence):
            seen = masking.result_of(execution)
            if not masking.agrees(seen, [wanted]):
                words = f"ended with {showing.short(seen)}, expected {showing.short([wanted])}"
                path = execution.roots[-1].path
                yield Finding(check=name, subject=path, message=f"{path} {words}", evidence=(showing.event(close),))

    return Check(
        name,
        "The workflow completes with the result that is expected.",
        judge,
        why="Whoever waits for the workflow gets another answer than the one that is right.",
        fix="Compare the result with what is expected; where it is right only without a strike, look at what the "
        "strike changed.",
    )


def expected_effect(text: str) -> Check:
    """Make a check that an effect happens as often as ``charge=1 per order`` says.

    Raises:
        UsageError: It cannot be understood.
    """
    wanted, name = counted_effect(text), f"{EFFECT}:{text}"

    def judge(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        _completed(evidence)
        groups = _by_value(evidence, wanted.effect, wanted.field)
        if not wanted.field or not groups:
            groups = {"": [effect for group in groups.values() for effect in group]}
        for value, group in groups.items():
            if len(group) != wanted.count:
                seen, expected = showing.times(len(group)), showing.times(wanted.count)
                words = f"{_named(wanted.effect, wanted.field, value)} happened {seen}, expected {expected}"
                entries = [entry for effect in group for entry in effect.entries]
                shown = showing.entries(evidence, entries)
                yield Finding(check=name, subject=wanted.effect, message=words, evidence=shown)

    return Check(
        name,
        f"The effect {wanted.effect} happens as often as is expected.",
        judge,
        why="What happens too often or not at all is what the agent was made to get right.",
        fix="Send a key with the effect that is the same in every attempt, and let the workflow wait for it.",
    )


def undone_where_given_up(text: str) -> Check:
    """Make a check that what was done is undone where the workflow gives up, as ``book=cancel per trip`` says.

    Where effects are out for good nothing can be undone: that it was tried is enough.

    Raises:
        UsageError: It cannot be understood.
    """
    wanted, name = undone_effect(text), f"{UNDONE}:{text}"

    def judge(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        closes = ((one, events.root_close(one)) for one in evidence.executions)
        gave_up = [(one, close) for one, close in closes if close is not None and events.kind(close) != _COMPLETED]
        if not gave_up:
            raise NothingToLookAt("the workflow did not give up")
        decided = faults_met.decided_by_client(evidence)
        if decided and decided.ends == "terminated":
            raise NothingToLookAt(
                "a client terminated the workflow: none of its code runs then that could undo anything"
            )
        if len(gave_up) < len(evidence.executions):
            raise CannotTell("which of the effects are those of the execution that gave up cannot be seen from outside")
        if unknown := _unknown(wanted.effect, (evidence, *baselines)):
            raise CannotTell(unknown)
        execution, close = gave_up[-1]
        undone = _by_value(evidence, wanted.undo, wanted.field)
        for value, group in _by_value(evidence, wanted.effect, wanted.field).items():
            later = [undo for undo in undone.get(value, ()) if undo.entries[-1].at > group[0].entries[0].at]
            if len(later) < len(group) and not _tried_in_vain(wanted.undo, group[0].entries[0].at, evidence, baselines):
                lacking = "never did" if not later else f"only did {showing.times(len(later))}"
                done = _named(wanted.effect, wanted.field, value)
                words = f"{done} happened{_times(len(group))}, and {wanted.undo} {lacking}, though "
                words += f"{execution.roots[-1].path} gave up"
                shown = (*showing.entries(evidence, group[0].entries), showing.event(close))
                yield Finding(check=name, subject=wanted.effect, message=words, evidence=shown)

    return Check(
        name,
        f"Where the workflow gives up, each {wanted.effect} is undone by {wanted.undo}.",
        judge,
        why="Work that is given up half done has effects that nobody wants, and nobody knows of.",
        fix="Register the undoing before the step that it undoes, since the step may have happened though its activity "
        "failed, and run it in a scope that a cancellation does not reach.",
    )


KINDS: Mapping[str, Callable[[str], Check]] = {
    RESULT: expected_result,
    EFFECT: expected_effect,
    UNDONE: undone_where_given_up,
}
"""What makes the check of an expectation, by the first word of its name."""


def _completed(evidence: Evidence) -> list[tuple[Evidence, dict[str, Any]]]:
    """Return each execution with the event with which it completed.

    Raises:
        NothingToLookAt: One did not: that is told elsewhere, or is right.
    """
    closes = [(one, events.root_close(one)) for one in evidence.executions]
    completed = [(one, close) for one, close in closes if close is not None and events.kind(close) == _COMPLETED]
    if evidence.end != "closed" or len(completed) < len(closes):
        raise NothingToLookAt("the workflow did not complete")
    return completed


def _by_value(evidence: Evidence, name: str, field: str) -> dict[str, list[LastingEffect]]:
    groups: dict[str, list[LastingEffect]] = {}
    for effect in lasting_effects.effects_of(evidence):
        if effect.name == name:
            groups.setdefault(value_at(effect, field) if field else "", []).append(effect)
    return groups


def _tried_in_vain(undo: str, since: float, evidence: Evidence, baselines: Sequence[Evidence]) -> bool:
    """Tell whether what undoes an effect was asked for, and no service did anything any more.

    What asks a host name that nobody knows comes to no door: then it is enough that an activity was tried that is not
    when nothing is wrong.
    """
    out = faults_met.terminal(evidence)
    if out is None or out.family != "effect":
        return False
    if isinstance(out.action, ForgetName):
        usual = {attempt.activity for baseline in baselines for attempt in attempts_of(baseline)}
        return any(each.began > since and each.activity not in usual for each in attempts_of(evidence))
    asked = (entry for entry in evidence.tape if entry.kind == "request" and entry.door == "effect")
    return any(entry.operation == undo and entry.at > since for entry in asked)


def _unknown(effect: str, trials: Sequence[Evidence]) -> str:
    """Say that an effect happened in none of these trials, and which did; an empty text where it happened."""
    names = sorted({each.name for trial in trials for each in lasting_effects.effects_of(trial)})
    if effect in names:
        return ""
    happened = f"what happens is {', '.join(names)}" if names else "no effect happens"
    return f"whether {effect} is undone cannot be told: {happened}{several_nearest(effect, names)}"


def _named(effect: str, field: str, value: str) -> str:
    return f"{effect} of {field} {value}" if value else effect


def _times(count: int) -> str:
    return "" if count == 1 else f" {count} times"
