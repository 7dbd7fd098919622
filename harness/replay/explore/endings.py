"""How what is under way ends: activities and Nexus operations by the worker's own code, children by exploring them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from harness.replay.explore.executions import Executions
from harness.replay.explore.move import FROM_NOW_ON, Step
from harness.replay.explore.operations import Operations
from harness.replay.explore.world import Declared, KnownOutcome, Pending, World

ExploreChild = Callable[[Pending, World], Awaitable[tuple[KnownOutcome, ...]]]
"""Returns how a child of a world can end, the plain way first."""


class Endings:
    """Knows how things end, each asked for once.

    Args:
        executions: Executes activities.
        operations: Starts Nexus operations.
        explore_child: Explores a child workflow.
    """

    def __init__(self, executions: Executions, *, operations: Operations, explore_child: ExploreChild) -> None:
        self._executions = executions
        self._operations = operations
        self._explore_child = explore_child

    def is_known(self, world: World) -> bool:
        """Tell whether it is known of each child that is under way in a world if it ends by itself."""
        return all(each.known_by in world.ends for each in world.pending.values() if each.kind == "child")

    async def learn(self, world: World) -> None:
        """Find out how what is under way can end where that decides what can happen next.

        What a child that has started sends to its parent is to come from then on.
        """
        for each in list(world.pending.values()) if world.close is None else ():
            if not self._has_several(each):
                continue
            if each.known_by not in world.ends:
                ask = self._explore_child if each.kind == "child" else self._executions.outcomes
                world.ends[each.known_by] = await ask(each, world)
            if each.started:
                _expect_signals(world, each)

    async def of(self, world: World, step: Step) -> dict[str, KnownOutcome]:
        """Return how what ends in a step ends, by its subject."""
        known = {}
        for move in step:
            pending = next((each for each in world.pending.values() if each.subject == move.subject), None)
            if pending is None or (move.kind != "complete" and not move.detail.startswith("end-")):
                continue
            several = world.ends.get(pending.known_by)
            if several is None:
                known[move.subject] = await self._plain(pending, world)
            else:
                chosen = (
                    each for each in several if each.detail and move.detail.removesuffix(FROM_NOW_ON) == each.detail
                )
                known[move.subject] = next(chosen, several[0])
        return known

    async def _plain(self, pending: Pending, world: World) -> KnownOutcome:
        """Return the plain way in which something ends that has one alone."""
        if pending.kind != "nexus":
            return (await self._executions.outcomes(pending, world))[0]
        ended = await self._operations.start(pending)
        if isinstance(ended, Pending):
            ended = (await self._explore_child(ended, world))[0]
            if ended.waits:
                ended = replace(
                    ended, why_not=f"how {pending.shown} ends: its workflow waits for something from outside"
                )
        world.ends[pending.known_by] = (ended,)
        return ended

    def _has_several(self, pending: Pending) -> bool:
        return pending.kind == "child" or (pending.kind == "activity" and self._executions.has_other_answers)


def _expect_signals(world: World, child: Pending) -> None:
    """Have what a child sends come, unless it has come or is to come already."""
    signals = world.ends[child.known_by][0].signals
    earlier = world.expected.get(child.subject, 0)
    if fresh := signals[earlier:]:
        world.expected = {**world.expected, child.subject: len(signals)}
        world.sends += (tuple(_from(child, each) for each in fresh),)


def _from(child: Pending, signal: Declared) -> Declared:
    return replace(signal, sender=child.subject)
