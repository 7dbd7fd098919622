"""Durations in words."""

from __future__ import annotations

import pytest

from harness.temporal.duration import in_words


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
