"""How the plans of a round are cut into batches: large ones first, so that few are asked for; small ones last.

A batch holds a machine until its last trial ends. If all were of one size, most machines would wait at the end of a
round for those that began one late. So a batch has no more than its share of what is left, twice over: the rule of
guided self-scheduling.
"""

from __future__ import annotations

SMALLEST = 2
"""Plans that a batch has at least, while there are as many: what it costs to ask for one is then small beside them."""

LANES = 2
"""Batches of one scenario under way for each machine: while one is made, the next one waits for that machine."""

MOST_LANES = 100
"""Batches of one scenario under way at most: a workflow may not have many hundreds of activities that wait."""


def next_size(left: int, *, most: int, lanes: int) -> int:
    """Return how many plans the next batch has.

    Args:
        left: Plans of the round that nobody has been asked for.
        most: Plans that a batch has at most.
        lanes: Batches under way at a time.
    """
    return min(left, most, max(SMALLEST, -(-left // (2 * lanes))))


def lanes_for(machines: int) -> int:
    """Return how many batches of one scenario are under way at a time, where so many machines are expected."""
    return min(MOST_LANES, LANES * machines)
