"""Makes a failing path smaller: with fewer moves it breaks the same property, and then with simpler ones.

Of the paths that were explored the smallest is told already; but where equal states were taken for one, only the first
path to each was gone on with, which need not be the smallest. So moves are left out, one at a time, and what comes
together is taken apart, and each such path is walked to its end: the worker is asked, nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from harness.replay.explore.move import Step
from harness.replay.explore.path import ExploredPath
from harness.replay.explore.properties import PROPERTIES, DeclaredOutcomes, Violation, judged

MOST_WALKS = 40
"""How many smaller paths are walked for one violation."""

Follow = Callable[[Sequence[Step], int], Awaitable[ExploredPath | None]]
"""Walks what is possible of these steps and then the plain course of things to the end; None where that takes more
than so many moves."""


async def shrunk(
    violation: Violation, *, paths: Sequence[ExploredPath], declared: DeclaredOutcomes, follow: Follow
) -> Violation:
    """Return a violation of the same property, about the same subject, with the smallest path that is found.

    Args:
        violation: The violation.
        paths: All paths that were explored: what a path comes to is compared with what others come to.
        declared: What the scenario declares of its outcomes.
        follow: Walks a path.
    """
    tried = {path.steps for path in paths}
    walks = 0
    smaller: Violation | None = violation
    while smaller is not None:
        violation, smaller = smaller, None
        for steps in _smaller(violation.path.steps):
            if steps in tried or walks == MOST_WALKS:
                continue
            tried.add(steps)
            walks += 1
            path = await follow(steps, len(violation.path.moves))
            if path is not None and path.size < violation.path.size:
                smaller = _same_violation(violation, path, [*paths, path], declared)
            if smaller is not None:
                break
    return violation


def _smaller(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Yield paths with a step less, with a move of a step less, and with the moves of a step one after the other."""
    parts = [(index, step) for index, step in enumerate(steps) if not any(move.kind == "begin" for move in step)]
    for index, _ in parts:
        yield (*steps[:index], *steps[index + 1 :])
    for index, step in enumerate(steps):
        for move in step if len(step) > 1 else ():
            if move.kind != "begin":
                yield (*steps[:index], tuple(each for each in step if each != move), *steps[index + 1 :])
    for index, step in parts:
        if len(step) > 1:
            yield (*steps[:index], *((move,) for move in step), *steps[index + 1 :])


def _same_violation(
    violation: Violation, path: ExploredPath, paths: Sequence[ExploredPath], declared: DeclaredOutcomes
) -> Violation | None:
    """Return how a path breaks the same property; None where it does not."""
    if path.close != violation.path.close:
        return None
    broken_property = next(each for each in PROPERTIES if each.name == violation.property)
    again = judged(broken_property, paths, declared)
    broken = (each for each in again if each.path is path and each.subject == violation.subject)
    return next(broken, None)
