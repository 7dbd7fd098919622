"""Paths: what happened from the start of a workflow to its end, with what is compared with other paths."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.replay.explore.move import TROUBLES, Move, Step
from harness.replay.explore.world import ExploredActivity, World


@dataclass(frozen=True, kw_only=True)
class ExploredPath:
    """One path to its end, with what is compared with other paths.

    Attributes:
        steps: What happened.
        close: How it ends.
        result: With which result or failure.
        activities: What was scheduled, and what it came to.
        updates: What became of each update that was sent.
        cancel_heard: Whether the workflow was told that it is to be cancelled.
        place: Where the code raised, if that is known.
        nondeterministic: Whether it ends since a history is not what the code does.
        runs: How many runs it has.
        unsent: Names of signals and updates that had not come.
        difference: What the worker answered otherwise when it was asked cold; empty where that was the same.
        unexplored: What could not be explored on it.
    """

    steps: tuple[Step, ...]
    close: str
    result: str = ""
    activities: tuple[ExploredActivity, ...] = ()
    updates: Mapping[str, str] = field(default_factory=dict)
    cancel_heard: bool = False
    place: str = ""
    nondeterministic: bool = False
    runs: int = 1
    unsent: tuple[str, ...] = ()
    difference: str = ""
    unexplored: tuple[str, ...] = ()

    @functools.cached_property
    def moves(self) -> tuple[Move, ...]:
        """All that happened, in order, without the handing out of first tasks."""
        return tuple(move for step in self.steps for move in step if move.kind != "begin")

    @functools.cached_property
    def trouble(self) -> Move | None:
        """The first failure, timeout or cancellation on it; None where nothing is out of the plain course of things."""
        return next((move for move in self.moves if move.kind in TROUBLES), None)

    @functools.cached_property
    def sent(self) -> tuple[str, ...]:
        """Names of the signals and updates that came."""
        return tuple(sorted(move.subject for move in self.moves if move.kind in ("signal", "update")))

    @functools.cached_property
    def other_answers(self) -> tuple[str, ...]:
        """What completes otherwise than in the plain course of things."""
        return tuple(sorted(f"{move.subject} {move.detail}" for move in self.moves if move.is_other_answer))

    @property
    def size(self) -> tuple[int, int]:
        """How many moves it has, and how much of it is no plain course of things: what a reader wants least of."""
        unusual = sum(move.kind in (*TROUBLES, "fire", "cancelled") for move in self.moves)
        return len(self.moves), unusual + len(self.moves) - len(self.steps)


def path_of(world: World, close: str, *, difference: str = "") -> ExploredPath:
    """Return the path of a world that is at its end, which is how it is told to close."""
    return ExploredPath(
        steps=world.path,
        close=close,
        result=world.result,
        activities=world.activities,
        updates=dict(world.updates),
        cancel_heard=world.cancel_heard,
        place=world.place,
        nondeterministic=world.nondeterministic,
        runs=len(world.earlier) + 1,
        unsent=tuple(declared.name for group in world.sends for declared in group),
        difference=difference,
        unexplored=world.unexplored,
    )
