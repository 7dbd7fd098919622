"""The child processes of this one that a test looks for, while others come and go beside them."""

from __future__ import annotations

import contextlib

import psutil

from harness.processes import tree


def running(words: str, *, below: psutil.Process | None = None) -> list[psutil.Process]:
    """Return the living processes below one whose command lines hold these words; one that goes meanwhile is none.

    Args:
        words: What is looked for.
        below: Whose children, and theirs; None: those of this process.
    """
    found = []
    for each in (below or psutil.Process()).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            alive = each.status() != psutil.STATUS_ZOMBIE
            found += [each] if alive and words in " ".join(each.cmdline()) else []
    return found


def living(pids: list[int]) -> list[int]:
    """Return those of some processes that have not ended."""
    return [pid for pid in pids if (seen := tree.look(pid)) is not None and not seen.dead]
