"""How what was decided differs when it is asked once more: a task with the whole history, a path by another process."""

from __future__ import annotations

import itertools

from harness.replay.explore.story import decided_words
from harness.replay.explore.world import World


def task_difference(before: World, warm: World, cold: World) -> str:
    """Say how the answer to a task that was asked once more differs; an empty text if it does not."""
    expected, new = _new(warm, before), _new(cold, before)
    if _ran_itself(expected) or warm.close in ("task failed", "lost"):
        return ""
    if cold.close in ("task failed", "lost"):
        return cold.result
    return f"it {decided_words(new)}; before, it {decided_words(expected)}" if new != expected else ""


def path_difference(before: World, now: World) -> str:
    """Say what was decided otherwise on a path that was walked once more; an empty text if nothing was."""
    if _ran_itself(before.decisions) or before.close in ("task failed", "lost"):
        return ""
    for one, other in itertools.zip_longest(before.decisions, now.decisions, fillvalue=""):
        if one != other:
            return f"in another process it {decided_words([other] if other else [])}; before, it " + decided_words(
                [one]
            )
    return ""


def _new(world: World, before: World) -> tuple[str, ...]:
    return world.decisions[len(before.decisions) :]


def _ran_itself(decisions: tuple[str, ...]) -> bool:
    """Tell whether a task had the worker do something whose result is made anew each time: a local activity."""
    return any(each.startswith("COMMAND_TYPE_RECORD_MARKER") for each in decisions)
