"""What a run of the agent may cost."""

from time import monotonic as tick

LIMIT = 30.0


def used_up(since: float) -> bool:
    return elapsed(since) > LIMIT


def elapsed(since: float) -> float:
    return tick() - since  # finding: CP101


def reported() -> float:
    """Only the worker's program calls this."""
    return tick()
