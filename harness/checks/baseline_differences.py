"""Baseline differences: what differs between two undisturbed runs, so that comparisons mask it, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.checks import lasting_effects, masking
from harness.records.evidence import Evidence
from harness.temporal import event as events


def listed(baselines: Sequence[Evidence]) -> tuple[str, ...]:
    """Return one line for each thing that differs between the baselines and is therefore masked."""
    if len(baselines) < 2:
        return ()
    first, second = baselines[0], baselines[1]
    lines = list(masking.masked_parts(masking.result_pattern(baselines), "result"))
    for pattern in lasting_effects.effect_patterns(baselines):
        lines += masking.masked_parts(
            {"path": pattern.path, "key": pattern.key, "body": pattern.body}, f"effect {pattern.name}"
        )
    lines += [f"number of effects {name}" for name in sorted(lasting_effects.uncounted(baselines))]
    for one, other in zip(first.histories, second.histories, strict=False):
        lines += _history_differences(one.path, _activities(one.events), _activities(other.events))
        if len(one.events) != len(other.events):
            lines.append(f"number of events of {one.path}: {len(one.events)} and {len(other.events)}")
    return tuple(dict.fromkeys(lines))


def _activities(history: Sequence[dict[str, Any]]) -> list[str]:
    scheduled = (event for event in history if events.kind(event) == "ACTIVITY_TASK_SCHEDULED")
    return [str((events.attributes(event).get("activityType") or {}).get("name", "")) for event in scheduled]


def _history_differences(path: str, one: list[str], other: list[str]) -> Iterator[str]:
    if len(one) != len(other):
        yield f"number of activities of {path}: {len(one)} and {len(other)}"
    elif one != other:
        yield f"order of activities of {path}"
