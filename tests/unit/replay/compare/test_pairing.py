"""Recorded and decided commands that belong together are paired, one too many or too few left alone."""

from __future__ import annotations

import pytest

from harness.replay.compare.pairing import pairs
from harness.temporal.command import Command


def commands(names: str) -> list[Command]:
    return [Command(kind=name, fields={}) for name in names]


@pytest.mark.parametrize(
    ("old", "new", "paired"),
    [
        ("", "", []),
        ("abc", "abc", ["aa", "bb", "cc"]),
        ("abc", "ac", ["aa", "b-", "cc"]),
        ("ac", "abc", ["aa", "-b", "cc"]),
        ("abc", "axc", ["aa", "bx", "cc"]),
        ("abc", "bcx", ["a-", "bb", "cc", "-x"]),
        ("ab", "ba", ["ab", "ba"]),
    ],
)
def test_commands_are_paired_in_their_order(old: str, new: str, paired: list[str]) -> None:
    found = pairs(commands(old), commands(new), key=lambda one: one.kind)
    assert ["".join(each.kind if each else "-" for each in pair) for pair in found] == paired
