"""Executions of the work: each is judged with what is its own, against the same execution of the undisturbed runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.evidence import Evidence


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
