"""Which workflow tasks of a long history are asked as the last one of a history that ends there."""

from __future__ import annotations

from collections.abc import Sequence


def evenly_chosen(tasks: Sequence[int], *, most_events: int) -> list[int]:
    """Return workflow tasks whose prefixes, the histories that end in them, have few events together.

    All tasks, or evenly as many as keep the sum below ``most_events``, the first and the last among them: asking every
    prefix takes time that grows with the square of a history's length.

    Args:
        tasks: The id of each task's WorkflowTaskStarted event, which is the length of its prefix, in order.
        most_events: How many events the prefixes may have together.
    """
    step, chosen = 1, list(tasks)
    while len(chosen) > 2 and sum(chosen) > most_events:
        step += 1
        chosen = sorted({*tasks[::step], tasks[-1]})
    return chosen
