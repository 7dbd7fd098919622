"""How a scenario is explored, as it says itself: ``explores(...)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.records.field_types import hold_types


@dataclass(frozen=True, kw_only=True)
class Exploring:
    """How a scenario is explored. Made by ``explores``.

    Attributes:
        order_matters: Whether the result depends on the order of things by design.
        budgets: How often what is no plain course of things may happen on one path, where it is not as usual.
        moves: Most moves of one path; 0: as many as usual.
        completes_cancelled: Whether it completes where it is asked to cancel, with a result that tells so.
    """

    order_matters: bool = False
    completes_cancelled: bool = False
    budgets: Mapping[str, int] = field(default_factory=dict)
    moves: int = 0

    def __post_init__(self) -> None:
        hold_types(self)


def explores(
    *, order_matters: bool = False, completes_cancelled: bool = False, moves: int = 0, **budgets: int
) -> Exploring:
    """Say how a scenario is explored: ``explores(order_matters=True, trouble=2)``.

    Args:
        order_matters: The result depends on the order of things by design.
        completes_cancelled: Asked to cancel it completes, with a result that tells so.
        moves: Most moves of one path.
        budgets: How often something may happen on one path: see ``crashproof explore --help``.
    """
    return Exploring(order_matters=order_matters, completes_cancelled=completes_cancelled, budgets=budgets, moves=moves)
