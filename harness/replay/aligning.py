"""Pairs the commands of one workflow task with the recorded ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from harness.replay.commands import Command

Pair = tuple[Command | None, Command | None]


def pairs(old: Sequence[Command], new: Sequence[Command], *, key: Callable[[Command], Hashable]) -> Iterator[Pair]:
    """Yield recorded and decided commands that belong together, in order; None for one that has no partner.

    As many as were recorded belong together one by one, as Temporal itself matches them. Where their numbers differ,
    the longest runs of equal keys (kind and subject) belong together, so that one command too many or too few shows
    as such, and not as a change of all that follow.
    """
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
        return
    matcher = SequenceMatcher(None, [key(one) for one in old], [key(one) for one in new], autojunk=False)
    for _, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        yield from zip_longest(old[old_from:old_to], new[new_from:new_to])
