"""Which activity undoes which, inferred from explored paths, and the paths on which that is not done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.replay.explore.path import ExploredPath

_WORD = re.compile(r"[\w-]{3,}")


@dataclass(frozen=True, kw_only=True)
class LeftUndone:
    """A path that gives up without undoing what other paths that give up undo.

    Attributes:
        path: The path.
        done: Activity type of what was done.
        undoing: Activity type of what undoes it elsewhere.
        elsewhere: The smallest path on which it is undone.
    """

    path: ExploredPath
    done: str
    undoing: str
    elsewhere: ExploredPath


def left_undone(paths: Sequence[ExploredPath]) -> Iterator[LeftUndone]:
    """Yield the paths that give up with something done that other paths undo.

    What undoes something is an activity that only paths with trouble call, with a word in its input that is in the
    input or result of an activity that has completed wherever it is called.
    """
    gave_up = [path for path in paths if path.trouble is not None and path.close in ("failed", "cancelled")]
    for name, done, did in _undone(paths, gave_up):
        for path in gave_up:
            if path not in did and _completed(path, done):
                yield LeftUndone(path=path, done=done, undoing=name, elsewhere=min(did, key=lambda each: each.size))


def left_behind(paths: Sequence[ExploredPath]) -> Iterator[str]:
    """Say what stays done where the workflow is closed unasked, which no code of it can mend."""
    gave_up = [path for path in paths if path.trouble is not None and path.close in ("failed", "cancelled")]
    closed = [path for path in paths if path.close in ("terminated", "timed out")]
    for name, done, _ in _undone(paths, gave_up):
        stays = [path for path in closed if _completed(path, done) and not _completed(path, name)]
        if stays:
            paths_with_it = f"{len(stays)} path" + "s" * (len(stays) > 1)
            yield f"closed unasked (terminated, timed out), it leaves {done} without {name} on {paths_with_it}"


def _undone(
    paths: Sequence[ExploredPath], gave_up: Sequence[ExploredPath]
) -> Iterator[tuple[str, str, list[ExploredPath]]]:
    """Yield each activity type that undoes something, what it undoes, and the paths that call it."""
    usual = {each.type for path in paths if path.trouble is None for each in path.activities}
    for name in sorted({each.type for path in gave_up for each in path.activities} - usual):
        did = [path for path in gave_up if any(each.type == name for each in path.activities)]
        if done := _what_it_undoes(name, did, gave_up):
            yield name, done, did


def _what_it_undoes(name: str, did: Sequence[ExploredPath], gave_up: Sequence[ExploredPath]) -> str:
    """Return the activity type that another one undoes: of several the one that the fewest paths completed."""
    candidates: set[str] | None = None
    for path in did:
        undo = next(each for each in path.activities if each.type == name)
        words = set(_WORD.findall(undo.input))
        done = {
            each.type
            for each in path.activities
            if each.result is not None and each.type != name and words & set(_WORD.findall(each.input + each.result))
        }
        candidates = done if candidates is None else candidates & done
    counts = {each: sum(_completed(path, each) for path in gave_up) for each in candidates or ()}
    return min(counts, key=lambda each: (counts[each], each), default="")


def _completed(path: ExploredPath, name: str) -> bool:
    return any(each.type == name and each.result is not None for each in path.activities)
