"""Durations as reports say them."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """Return a duration in the largest unit in which it is a whole number: ``5 min``; else in seconds: ``1.5 s``."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
