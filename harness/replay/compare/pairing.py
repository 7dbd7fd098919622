"""Pairs the commands of one workflow task with the recorded ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from harness.temporal.command import Command

Pair = tuple[Command | None, Command | None]


def pairs(old: Sequence[Command], new: Sequence[Command], *, key: Callable[[Command], Hashable]) -> list[Pair]:
    """Return recorded and decided commands that belong together, in order; None for one that has no partner.

    As many as were recorded belong together one by one, as Temporal itself matches them. Where their numbers differ,
    or fewer have no equal that way, the longest runs of equal keys (kind and subject) belong together: one command too
    many or too few shows as such, and not as a change of all that follow.
    """
    in_order: list[Pair] = list(zip_longest(old, new))
    if len(old) == len(new) and _unequal(in_order, key) < 2:
        return in_order
    aligned: list[Pair] = []
    matcher = SequenceMatcher(None, [key(one) for one in old], [key(one) for one in new], autojunk=False)
    for _, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        aligned += zip_longest(old[old_from:old_to], new[new_from:new_to])
    if len(old) == len(new) and _unequal(in_order, key) <= _unequal(aligned, key):
        return in_order
    return aligned


def _unequal(paired: Sequence[Pair], key: Callable[[Command], Hashable]) -> int:
    return sum(one is None or other is None or key(one) != key(other) for one, other in paired)
