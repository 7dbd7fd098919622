"""A failing path is made smaller as long as it breaks the same property."""

from __future__ import annotations

from collections.abc import Sequence

from harness.replay.explore.move import Move, Step
from harness.replay.explore.path import ExploredPath
from harness.replay.explore.properties import DeclaredOutcomes, Violation, violations
from harness.replay.explore.shrinking import MOST_WALKS, shrunk

BEGIN = Move(kind="begin")
FIRES = Move(kind="fire", subject="timer#1")
BOOKS, CHARGES = (Move(kind="complete", subject=f"{name}#1") for name in ("book", "charge"))


def path(*steps: Step, close: str = "stuck") -> ExploredPath:
    return ExploredPath(steps=((BEGIN,), *steps), close=close)


def violation_of(explored: ExploredPath) -> Violation:
    (violation,) = violations([explored], DeclaredOutcomes())
    return violation


class Walks:
    """Walks any path; it ends stuck where a move is among its steps, and else completed."""

    def __init__(self, *needed: Move) -> None:
        self.needed = needed
        self.walked: list[Sequence[Step]] = []

    async def follow(self, steps: Sequence[Step], most: int) -> ExploredPath | None:
        self.walked.append(steps)
        moves = {move for step in steps for move in step}
        return ExploredPath(steps=tuple(steps), close="stuck" if moves >= set(self.needed) else "completed")


async def test_moves_that_are_not_needed_are_left_out() -> None:
    walks = Walks(CHARGES)
    explored = path((BOOKS,), (FIRES,), (CHARGES,))
    smaller = await shrunk(violation_of(explored), paths=[explored], declared=DeclaredOutcomes(), follow=walks.follow)
    assert smaller.path.steps == ((BEGIN,), (CHARGES,))


async def test_what_comes_together_is_taken_apart() -> None:
    walks = Walks(BOOKS, CHARGES)
    explored = path((BOOKS, CHARGES))
    smaller = await shrunk(violation_of(explored), paths=[explored], declared=DeclaredOutcomes(), follow=walks.follow)
    assert smaller.path.steps == ((BEGIN,), (BOOKS,), (CHARGES,))


async def test_a_path_that_ends_otherwise_is_none() -> None:
    walks = Walks(BOOKS, FIRES, CHARGES)
    explored = path((BOOKS,), (FIRES,), (CHARGES,))
    same = await shrunk(violation_of(explored), paths=[explored], declared=DeclaredOutcomes(), follow=walks.follow)
    assert same.path is explored
    assert len(walks.walked) == 3


async def test_not_all_paths_are_walked_of_a_long_one() -> None:
    moves = tuple(Move(kind="complete", subject=f"book#{number}") for number in range(2 * MOST_WALKS))
    walks = Walks(*moves)
    explored = path(*((move,) for move in moves))
    await shrunk(violation_of(explored), paths=[explored], declared=DeclaredOutcomes(), follow=walks.follow)
    assert len(walks.walked) == MOST_WALKS
