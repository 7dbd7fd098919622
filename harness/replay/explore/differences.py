"""How what was decided differs when it is asked once more: a task with the whole history, a path by another process."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from harness.replay.explore.story import decided_words
from harness.replay.explore.world import World

_LONGEST = 400
"""Most letters of decisions that are told in full."""


def task_difference(before: World, warm: World, cold: World) -> str:
    """Say how the answer to a task that was asked once more differs; an empty text if it does not."""
    expected, new = _new(warm, before), _new(cold, before)
    if _ran_itself(expected) or warm.close in ("task failed", "lost"):
        return ""
    if cold.close in ("task failed", "lost"):
        return cold.result
    return _difference(new, expected) if new != expected else ""


def path_difference(before: World, now: World) -> str:
    """Say what was decided otherwise on a path that was walked once more; an empty text if nothing was."""
    if _ran_itself(before.decisions) or before.close in ("task failed", "lost"):
        return ""
    for one, other in itertools.zip_longest(before.decisions, now.decisions, fillvalue=""):
        if one != other:
            return f"in another process {_difference([other] if other else [], [one])}"
    return ""


def _difference(now: Sequence[str], before: Sequence[str]) -> str:
    """Say what is decided now and what was before, in full where the short words for both are the same."""
    words = decided_words(now), decided_words(before)
    if words[0] == words[1]:
        words = ", ".join(now)[:_LONGEST], ", ".join(before)[:_LONGEST]
        return f"it decides {words[0]}; before, {words[1]}"
    return f"it {words[0]}; before, it {words[1]}"


def _new(world: World, before: World) -> tuple[str, ...]:
    return world.decisions[len(before.decisions) :]


def _ran_itself(decisions: tuple[str, ...]) -> bool:
    """Tell whether a task had the worker do something whose result is made anew each time: a local activity."""
    return any(each.startswith("COMMAND_TYPE_RECORD_MARKER") for each in decisions)
