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

PLANS_A_LANE = 10
"""Plans for which another machine is worth beginning with a scenario while there are others: it starts the worker anew.
"""

SCENARIOS_AT_A_TIME = 2
"""Scenarios under way at a time for each machine: while the last trials of one are made, those of another one are."""

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


REPLAYS, MOST_REPLAYS = 200, 50
"""Histories of a batch of replays at least, while there are as many; and such batches of a campaign at most."""


def replay_batches(histories: int) -> int:
    """Return in how many batches histories are replayed."""
    return min(MOST_REPLAYS, -(-histories // REPLAYS))


def plans_a_lane(*, scenarios: int, at_a_time: int) -> int:
    """Return how many plans one more lane of a scenario must have: few, unless each machine has a scenario of its own.

    Args:
        scenarios: How many scenarios there are.
        at_a_time: How many of them are under way at a time.
    """
    return PLANS_A_LANE if scenarios * SCENARIOS_AT_A_TIME >= at_a_time else 1


def lanes_of_round(plans: int, *, most: int, each: int) -> int:
    """Return how many batches of a round are under way at a time.

    Args:
        plans: Plans of the round.
        most: How many lanes at most.
        each: How many plans each lane must have: ``plans_a_lane``.
    """
    return min(most, max(1, plans // each))


def lanes_for(machines: int) -> int:
    """Return how many batches of one scenario are under way at a time, where so many machines are expected."""
    return min(MOST_LANES, LANES * machines)
