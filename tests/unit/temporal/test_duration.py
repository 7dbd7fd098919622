"""Durations in seconds and in words."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from harness.temporal.duration import in_words, seconds_of


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (1.5, "1.5 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "90 s"),
        (300, "5 min"),
        (3600, "1 h"),
        (172_800, "2 d"),
    ],
)
def test_a_duration_is_said_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_durations_and_timestamps_of_messages_are_seconds() -> None:
    assert seconds_of(Duration(seconds=90, nanos=500_000_000)) == 90.5
    assert seconds_of(Timestamp(seconds=1_700_000_000)) == 1_700_000_000.0
    assert seconds_of(Duration()) == 0.0
