"""Executions of the work: each is judged with what is its own, against the same execution of the undisturbed runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.checks import lasting_effects, masking, showing
from harness.checks.check import NothingToLookAt, check
from harness.checks.lasting_effects import LastingEffect
from harness.records.evidence import Evidence
from harness.records.verdict import Finding
from harness.temporal import event as events


def each_execution(
    evidence: Evidence, baselines: Sequence[Evidence]
) -> Iterator[tuple[Evidence, tuple[Evidence, ...]]]:
    """Yield the evidence of each execution, with that of the same one in each undisturbed run that has it."""
    if len(evidence.executions) == 1 and all(len(each.executions) == 1 for each in baselines):
        yield evidence, tuple(baselines)
        return
    for one in evidence.executions:
        usual = (each for baseline in baselines for each in baseline.executions)
        yield one, tuple(each for each in usual if name_of(each) == name_of(one))


def never_started(evidence: Evidence, baselines: Sequence[Evidence]) -> list[str]:
    """Return the executions that every undisturbed run has, and this trial has not."""
    seen = set(map(name_of, evidence.executions))
    usual = [[name_of(each) for each in baseline.executions] for baseline in baselines]
    return [name for name in (usual[0] if usual else []) if name not in seen and all(name in each for each in usual)]


def name_of(execution: Evidence) -> str:
    """Return the name of an execution: the path of its first run."""
    return execution.roots[0].path if execution.roots else "the workflow"


@check(
    "executions-alike",
    why="A worker process serves many executions: what one leaves behind in it is another customer's data, or is lost "
    "with the process.",
    fix="Keep what belongs to an execution in its workflow, or behind a key: not in a class attribute, a module's "
    "variable, a default argument or a cache that is not keyed by the execution.",
)
def executions_alike(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Executions of the same work with the same input, on one worker, come to the same and do the same.

    What they do is compared where they come one after the other, without a strike: side by side nobody sees from
    outside whose an effect is.
    """
    alike = [group for group in same_work(evidence) if len(group) > 1]
    if not alike:
        raise NothingToLookAt("no work was done twice with the same input")
    if not evidence.plan.strikes:
        yield from _other_effects(alike, baselines)
    for first, *others in alike:
        other = next((each for each in others if _unlike(first, each, evidence, baselines)), None)
        if other is not None:
            results = [showing.short(masking.nameless_result(each)) for each in (first, other)]
            words = f"one ended with {results[0]}, the other with {results[1]}"
            shown = tuple(showing.event(close) for each in (first, other) if (close := events.root_close(each)))
            yield Finding(
                check="executions-alike",
                subject=name_of(first),
                message=f"{name_of(first)} and {name_of(other)} are the same work with the same input: {words}",
                evidence=shown,
            )


def _other_effects(alike: Sequence[Sequence[Evidence]], baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Yield the first effect that one of several executions had and another had not, ids apart."""
    patterns = lasting_effects.effect_patterns(baselines) if baselines else []
    for first, *others in alike:
        usual = [_nameless(first, each) for each in patterns if each.work == name_of(first)]
        for other in others:
            own = [_nameless(other, each) for each in patterns if each.work == name_of(other)]
            _, only_first, only_other = lasting_effects.matched(usual, own, [_same_effect])
            had = [
                f"{name_of(whose)} had the effect {each.name} with {showing.short(each.body)}"
                for whose, only in ((first, only_first), (other, only_other))
                for each in only[:1]
            ]
            if had:
                words = f"{name_of(first)} and {name_of(other)} are the same work with the same input: "
                words += "; ".join(had) + ("" if len(had) > 1 else "; the other had not")
                yield Finding(check="executions-alike", subject=f"{name_of(first)} effects", message=words)


def _nameless(execution: Evidence, effect: LastingEffect) -> LastingEffect:
    return replace(effect, path=masking.nameless(execution, effect.path), body=masking.nameless(execution, effect.body))


def _same_effect(one: LastingEffect, other: LastingEffect) -> bool:
    """Tell whether two effects say the same, as far as that is the same in each undisturbed run."""
    body = masking.agrees(one.body, other.body) or masking.agrees(other.body, one.body)
    path = masking.agrees(one.path, other.path) or masking.agrees(other.path, one.path)
    return one.name == other.name and body and path


def same_work(evidence: Evidence) -> list[list[Evidence]]:
    """Return the executions that completed, those of the same workflow type and input together."""
    groups: dict[str, list[Evidence]] = {}
    for one in evidence.executions:
        close = events.root_close(one)
        if close is None or events.kind(close) != "WORKFLOW_EXECUTION_COMPLETED":
            continue
        begun = events.attributes(one.roots[0].events[0])
        key = json.dumps([begun.get("workflowType"), begun.get("input")], sort_keys=True)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _unlike(first: Evidence, other: Evidence, evidence: Evidence, baselines: Sequence[Evidence]) -> bool:
    """Tell whether two executions differ in more than the undisturbed runs differ in from one to the next.

    Results that the undisturbed runs have alike, though perhaps each time another execution, do not differ by chance.
    """
    results = [masking.nameless_result(each) for each in (first, other)]
    if masking.agrees(results[1], results[0]):
        return False
    everyone = [_results(each) for each in (evidence, *baselines)]
    if len(baselines) > 1 and all(each == everyone[0] for each in everyone):
        return True
    usual = [each for baseline in baselines for each in baseline.executions if name_of(each) == name_of(first)]
    pattern = results[0]
    for each in usual:
        pattern = masking.mask(pattern, masking.nameless_result(each))
    return not masking.agrees(results[1], pattern)


def _results(evidence: Evidence) -> list[str]:
    return sorted(json.dumps(masking.nameless_result(each), sort_keys=True) for each in evidence.executions)
