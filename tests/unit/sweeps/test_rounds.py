"""Rounds go in the order of the plans, whichever trial is done first, and stop when nothing is new."""

from __future__ import annotations

import asyncio

from harness import faults
from harness.records.cut import Cut
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry
from harness.sweeps.rounds import RECOVERY_ROUNDS, try_all

KILL = faults.named("kill-worker")
PLANS = [Plan((Strike("kill-worker", f"before/{name}"),)) for name in ("One", "Two")]


def evidence(plan: Plan, *operations: str) -> Evidence:
    sent = (Point(position="before", door="wire", operation=name) for name in operations)
    tape = tuple(Entry(at=0, kind="request", door="wire", operation=each.operation, point=each) for each in sent)
    return Evidence(trial="t", scenario="trip", plan=plan, end="closed", tape=tape)


def tried(attempt: object, *, only: tuple[str, ...] = ()) -> tuple[list[Cut], list[list[str]]]:
    """Return what was left, and the points of each further round."""
    further: list[list[str]] = []
    left = try_all(
        PLANS,
        attempt=attempt,  # type: ignore[arg-type]
        chosen=[KILL],
        known=set(),
        options=SweepOptions(only=only),
        discovered=lambda cuts: further.append([cut.point.operation for cut in cuts]),
    )
    return asyncio.run(left), further  # type: ignore[arg-type]


def test_what_recoveries_show_is_taken_in_the_order_of_the_plans() -> None:
    second_is_done = asyncio.Event()

    async def attempt(plan: Plan) -> Evidence | None:
        if plan == PLANS[0]:
            await second_is_done.wait()
        second_is_done.set()
        new = {PLANS[0]: ("A", "Both"), PLANS[1]: ("Both", "B")}
        return evidence(plan, *new.get(plan, ()))

    assert tried(attempt) == ([], [["A", "Both", "B"]])


def test_what_an_endless_recovery_showed_last_is_left() -> None:
    async def attempt(plan: Plan) -> Evidence | None:
        return evidence(plan, f"Depth{len(plan.strikes)}") if plan.strikes[0] == PLANS[0].strikes[0] else None

    left, further = tried(attempt)
    assert [cut.point.operation for cut in left] == [f"Depth{RECOVERY_ROUNDS + 1}"]
    assert further == [[f"Depth{depth}"] for depth in range(1, RECOVERY_ROUNDS + 1)]


def test_where_points_were_asked_for_recoveries_are_not_followed() -> None:
    async def attempt(plan: Plan) -> Evidence | None:
        return evidence(plan, "New")

    assert tried(attempt, only=("before/One",)) == ([], [])
