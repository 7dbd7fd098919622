"""Walks single paths: given steps, one after the other, and on from there to the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from temporalio.api.query.v1 import WorkflowQuery

from harness.replay.explore.asking import NO_QUERIES, Asker, Cached
from harness.replay.explore.endings import Endings
from harness.replay.explore.events import after
from harness.replay.explore.move import TROUBLES, Step
from harness.replay.explore.outcomes import steps_from
from harness.replay.explore.world import World


class Walker:
    """Walks paths of one workflow; the worker is asked warm.

    Args:
        asker: Asks the worker.
        endings: Knows how things end.
    """

    def __init__(self, asker: Asker, endings: Endings) -> None:
        self._asker = asker
        self._endings = endings

    async def step(
        self,
        world: World,
        step: Step,
        *,
        cached: Cached | None,
        goes_on: Callable[[World], bool],
        queries: Mapping[str, WorkflowQuery] = NO_QUERIES,
    ) -> tuple[World, Cached | None]:
        """Return the world after a step, and what the worker has in its cache then.

        Args:
            world: The world before.
            step: What happens.
            cached: What the worker has in its cache of the run; None: nothing.
            goes_on: As for ``Asker.ask``.
            queries: As for ``Asker.ask``.
        """
        reached = after(world, step, outcomes=await self._endings.of(world, step))
        if reached.close is not None:
            await self._asker.evict(world, cached)
            return reached, None
        kept = await self._asker.ask(reached, cached=cached, goes_on=goes_on, queries=queries)
        await self._endings.learn(reached)
        return reached, kept

    async def walk(
        self, root: World, steps: Sequence[Step], *, queries: Mapping[str, WorkflowQuery] = NO_QUERIES
    ) -> list[World]:
        """Return the world after each of these steps, as far as they are possible.

        Args:
            root: The world before the first.
            steps: The steps.
            queries: Queries that come with each task.
        """
        world, cached, worlds = root, None, list[World]()
        for step in steps:
            if world.close is not None or step not in steps_from(world):
                break
            goes_on = never if len(worlds) + 1 == len(steps) else always
            world, cached = await self.step(world, step, cached=cached, goes_on=goes_on, queries=queries)
            worlds.append(world)
        await self._asker.evict(world, cached)
        return worlds

    async def follow(self, root: World, steps: Sequence[Step], *, most: int) -> World | None:
        """Take what is possible of these steps, then the plain course of things, and return the world at its end.

        Args:
            root: The world before the first.
            steps: The steps.
            most: Most moves; None is returned where it takes more.
        """
        world, cached, left = root, None, list(steps)
        while world.close is None and (step := _next(world, left)) is not None:
            if len(world.moves) + len(step) > most + any(move.kind == "begin" for move in step):
                await self._asker.evict(world, cached)
                return None
            world, cached = await self.step(world, step, cached=cached, goes_on=always)
        await self._asker.evict(world, cached)
        return world


def _next(world: World, left: list[Step]) -> Step | None:
    """Take the first of the steps that are left which is possible; after the last, the plain course of things."""
    possible = steps_from(world)
    while left:
        step = left.pop(0)
        if step in possible:
            return step
    plain = (step for step in possible if len(step) == 1 and step[0].kind not in (*TROUBLES, "twice"))
    return next(plain, None)


def always(world: World) -> bool:
    """Say that a run goes on."""
    return True


def never(world: World) -> bool:
    """Say that a run does not go on."""
    return False
