"""Durations: of protobuf messages in seconds, and as reports say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp


def seconds_of(message: Duration | Timestamp) -> float:
    """Return a protobuf duration in seconds, or a timestamp in seconds since the epoch."""
    return message.seconds + message.nanos / 1e9


def in_words(seconds: float) -> str:
    """Return a duration in the largest unit in which it is a whole number: ``5 min``; else in seconds: ``1.5 s``."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
