"""Masking: a value of one undisturbed run in which all is masked that differs in another, to compare trials with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.records.evidence import Evidence
from harness.temporal import event as events
from harness.temporal.payload import values_of


class Masked:
    """Stands for a value that differs between the baselines: it agrees with any."""

    def __repr__(self) -> str:
        return "<differs between the baselines>"


MASKED = Masked()


def mask(first: Any, second: Any) -> Any:
    """Return the first value with all that differs in the second masked."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return {name: mask(first[name], second[name]) for name in first}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [mask(one, other) for one, other in zip(first, second, strict=True)]
    return first if same(first, second) else MASKED


def agrees(seen: Any, pattern: Any) -> bool:
    """Tell whether a value is what the pattern says, masked parts apart."""
    if pattern is MASKED:
        return True
    if isinstance(pattern, dict) and isinstance(seen, dict):
        return pattern.keys() == seen.keys() and all(agrees(seen[name], pattern[name]) for name in pattern)
    if isinstance(pattern, list) and isinstance(seen, list):
        return len(pattern) == len(seen) and all(map(agrees, seen, pattern))
    return same(seen, pattern)


def masked_parts(pattern: Any, name: str) -> Iterator[str]:
    """Yield the dotted names of what is masked in a pattern."""
    if pattern is MASKED:
        yield name
    elif isinstance(pattern, dict):
        for part, value in pattern.items():
            yield from masked_parts(value, f"{name}.{part}")
    elif isinstance(pattern, list):
        for index, value in enumerate(pattern):
            yield from masked_parts(value, f"{name}[{index}]")


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of one type: ``1`` is neither ``True`` nor ``1.0``."""
    return type(one) is type(other) and bool(one == other)


def neutral(evidence: Evidence, value: Any) -> Any:
    """Return a value with the run ids of this evidence replaced by names that are the same in every trial."""
    names = {history.run_id: f"<run id of {history.path}>" for history in evidence.histories if history.run_id}
    return _renamed(value, names)


def result_of(evidence: Evidence) -> Any:
    """Return the result of the scenario's workflow, decoded; None where it has none."""
    close = events.root_close(evidence)
    return neutral(evidence, values_of(events.attributes(close).get("result"))) if close else None


def nameless_result(evidence: Evidence) -> Any:
    """Return the result of one execution with its own workflow id and run ids replaced by what they are."""
    close = events.root_close(evidence)
    return nameless(evidence, values_of(events.attributes(close).get("result"))) if close else None


def nameless(evidence: Evidence, value: Any) -> Any:
    """Return a value of one execution with its own workflow id and run ids replaced by what they are."""
    names = {f"<run id of {each.path}>": "<id>" for each in evidence.roots}
    names |= {name: "<id>" for each in evidence.roots for name in (each.run_id, each.workflow_id) if name}
    return _renamed(value, names)


def result_pattern(baselines: Sequence[Evidence]) -> Any:
    """Return the baselines' result with what differs between them masked."""
    results = [result_of(baseline) for baseline in baselines]
    pattern = results[0]
    for other in results[1:]:
        pattern = mask(pattern, other)
    return pattern


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for run_id, name in names.items():
            value = value.replace(run_id, name)
        return value
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(part, names) for key, part in value.items()}
    return [_renamed(part, names) for part in value] if isinstance(value, list) else value
