"""The search: every path of moves within the budgets, depth first, with equal states explored once.

A state is what is left of a path: what happened, what was decided, what is under way. Two paths that are equal in all
of that, but for the order of things, are taken for one state *if the worker shows it*: from the second one, one whole
continuation is asked to its end and must be answered as it was from the first. If it is not, both are explored.

The first step from each state is asked warm: the worker has the run in its cache and is told what is new. The others
are asked cold, with the whole history. Every task of a warm stretch is asked once more cold, and must be answered the
same. In the end another process, in which strings hash otherwise, walks some paths once more.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from temporalio.api.query.v1 import WorkflowQuery

from harness.errors import RigError
from harness.replay.explore.asking import NO_QUERIES, Asker, Cached
from harness.replay.explore.children import child_budgets, child_ends, child_world, waiting_children
from harness.replay.explore.differences import path_difference, task_difference
from harness.replay.explore.endings import Endings
from harness.replay.explore.events import after
from harness.replay.explore.executions import Executions
from harness.replay.explore.move import TROUBLES, Step
from harness.replay.explore.operations import Operations
from harness.replay.explore.outcomes import steps_from
from harness.replay.explore.path import ExploredPath, path_of
from harness.replay.explore.recorded import RecordedOutcomes
from harness.replay.explore.shards import WHOLE, Shard
from harness.replay.explore.walking import Walker, always, never
from harness.replay.explore.worker import ExploredWorker
from harness.replay.explore.world import KnownOutcome, Pending, World

_CHILD_STATES = 300
"""Most states of a child workflow that is explored by itself."""

_MOST_DEEP = 3
"""Children of children are explored this deep: a workflow may start its own type without end."""

_WALKED_AGAIN = 5
"""How many paths without trouble another process walks once more."""


@dataclass(kw_only=True, eq=False)
class ExploredState:
    """One state of the search.

    Attributes:
        decisions: What the worker decided so far, in any order.
        close: How the path ends here; None where it goes on.
        result: With which result.
        following: The states after each step, those explored first first.
        same_as: The state that this one was taken for.
    """

    decisions: tuple[str, ...]
    close: str | None
    result: str
    following: dict[Step, ExploredState] = field(default_factory=dict)
    same_as: ExploredState | None = None

    @property
    def first(self) -> tuple[Step, ExploredState] | None:
        """The step from here that was explored first, and where it leads."""
        state = self.same_as or self
        return next(iter(state.following.items()), None)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a search ends before everything is explored.

    Attributes:
        states: Most states.
        moves: Most moves of one path.
        seconds: Longest time.
    """

    states: int = 5_000
    moves: int = 60
    seconds: float = 120.0


@dataclass(kw_only=True)
class Exploration:
    """What a search came to.

    Attributes:
        paths: Every path that was explored to its end.
        states: How many states were visited.
        merged: How many more were equal to one of them.
        left: How many steps were left when a limit ended it.
        cold: Workflow tasks that were asked cold.
        warm: Those that were asked warm.
        slow: Those that took too long for the SDK once, and not again.
        executed: How many activities were executed for their result.
        seconds: How long it took.
        limit: Which limit ended it; empty where it was explored whole.
        log: The end of the worker's log.
    """

    paths: list[ExploredPath] = field(default_factory=list)
    states: int = 0
    merged: int = 0
    left: int = 0
    cold: int = 0
    warm: int = 0
    slow: int = 0
    executed: int = 0
    seconds: float = 0.0
    limit: str = ""
    log: str = ""


class Search:
    """Explores one workflow.

    Args:
        worker: The worker.
        limits: When to end.
        tell: Called with the exploration so far, often.
        recorded: How activities have ended that are not executed; None: all are.
        executions: Executes them; None: the worker's own code, as ``recorded`` says.
        afresh: Whether another process walks some paths once more.
        depth: How many workflows lie above it, where it is a child.
        shard: Which part of all it explores.
    """

    def __init__(
        self,
        worker: ExploredWorker,
        *,
        limits: Limits,
        recorded: RecordedOutcomes | None = None,
        executions: Executions | None = None,
        afresh: bool = True,
        depth: int = 0,
        shard: Shard = WHOLE,
        tell: Callable[[Exploration], None] = lambda so_far: None,
    ) -> None:
        self.exploration = Exploration()
        self._worker = worker
        self._limits = limits
        self._queries = NO_QUERIES
        self._tell = tell
        self.asker = Asker(worker)
        self.ended: list[tuple[World, str]] = []
        self._executions = executions or Executions(worker, recorded=recorded)
        self.endings = Endings(self._executions, operations=Operations(worker), explore_child=self._explore_child)
        self._walker = Walker(self.asker, self.endings)
        self._budgets: Mapping[str, int] = {}
        self._visited: dict[tuple[int, int], ExploredState] = {}
        self._asked_once: list[tuple[World, World]] = []
        self._walked_again: list[World] = []
        self._afresh = afresh
        self._depth = depth
        self._shard = shard
        self._began = time.monotonic()

    async def explore(self, root: World, *, queries: Mapping[str, WorkflowQuery] = NO_QUERIES) -> Exploration:
        """Explore everything that can happen to a workflow, from its first workflow task on.

        Args:
            root: The world before the first one.
            queries: Queries that come with each task when it is asked first, and not when it is asked again.
        """
        self._queries, self._budgets = queries, root.left
        start = ExploredState(decisions=(), close=None, result="")
        open_steps: list[tuple[World, ExploredState, Step]] = [
            (root, start, step) for step in reversed(steps_from(root))
        ]
        cached: Cached | None = None
        try:
            while open_steps and not self._is_over(len(open_steps)):
                world, state, step = open_steps.pop()
                reached, next_state, cached = await self._visit(world, state, step, cached)
                if next_state is not None:
                    open_steps += [(reached, next_state, each) for each in reversed(self._steps_from(reached))]
                self.exploration.left = len(open_steps)
                self._count()
                self._tell(self.exploration)
            if open_steps and cached is not None:
                await self.asker.evict(reached, cached)
            if self._afresh:
                await self._ask_another_process(root)
        except RigError as error:
            self.exploration.limit = str(error)
        finally:
            self.exploration.left = len(open_steps)
            self._count()
        return self.exploration

    async def walk(
        self, root: World, steps: Sequence[Step], *, queries: Mapping[str, WorkflowQuery] = NO_QUERIES
    ) -> list[World]:
        """Return the world after each of these steps, as far as they are possible; see ``Walker.walk``."""
        self._budgets = root.left
        return await self._walker.walk(root, steps, queries=queries)

    async def follow(self, root: World, steps: Sequence[Step], *, most: int) -> ExploredPath | None:
        """Return the path that takes these steps as far as possible, and goes on to its end; see ``Walker.follow``."""
        world = await self._walker.follow(root, steps, most=most)
        ending = self._ending(world) if world is not None else ""
        return path_of(world, ending) if world is not None and ending else None

    def _is_over(self, left: int) -> bool:
        limits, states = self._limits, self.exploration.states
        if states >= limits.states:
            self.exploration.limit = f"{limits.states:,} states were visited"
        elif time.monotonic() - self._began > limits.seconds:
            self.exploration.limit = f"{limits.seconds:g} s were over"
        return bool(self.exploration.limit)

    def _count(self) -> None:
        so_far, asker = self.exploration, self.asker
        so_far.cold, so_far.warm, so_far.slow = asker.cold, asker.warm, asker.slow
        so_far.executed = self._executions.executed
        so_far.seconds = time.monotonic() - self._began

    async def _visit(
        self, world: World, state: ExploredState, step: Step, cached: Cached | None
    ) -> tuple[World, ExploredState | None, Cached | None]:
        """Take a step from a state; return where it leads, to be explored from there unless that was done already."""
        reached = after(world, step, outcomes=await self.endings.of(world, step))
        equal: ExploredState | None = None

        def goes_on(answered: World) -> bool:
            nonlocal equal
            equal = self._visited.get((answered.key, 0))
            if equal is not None:
                return equal.first is not None
            known = self.endings.is_known(answered)
            return known and not self._is_too_long(answered) and bool(self._steps_from(answered))

        if reached.close is None:
            was_warm = bool(cached and cached.run_id == reached.run_id and cached.known == world.asked)
            before = reached.copy()
            cached = await self.asker.ask(
                reached, cached=cached if was_warm else None, goes_on=goes_on, queries=self._queries
            )
            await self.endings.learn(reached)
            if was_warm or not self.exploration.states:
                self._asked_once.append((before, reached.copy()))
            if cached is None:
                await self._ask_cold()
        else:
            await self.asker.evict(world, cached)
            cached = None
        next_state = ExploredState(decisions=reached.decisions, close=reached.close, result=reached.result)
        state.following[step] = next_state
        if equal is not None and reached.close is None and await self._is_equal(reached, equal, cached):
            next_state.same_as = equal
            self.exploration.merged += 1
            return reached, None, None
        if equal is not None:
            cached = None
        return reached, self._enter(reached, next_state), cached

    def _steps_from(self, world: World) -> list[Step]:
        """Return the steps that this shard takes from a world."""
        return [step for step in steps_from(world) if self._shard.has((*world.path, step))]

    def _enter(self, world: World, state: ExploredState) -> ExploredState | None:
        """Count a state and return it, if anything can follow."""
        self.exploration.states += 1
        if world.close is None:
            key = world.key
            variants = itertools.takewhile(lambda each: (key, each) in self._visited, itertools.count())
            self._visited[key, sum(1 for _ in variants)] = state
        if ending := self._ending(world):
            if self._depth:  # what its parent meets; a world holds its whole history
                self.ended.append((world, ending))
            waiting = waiting_children(world) if ending == "stuck" else ()
            path = path_of(world, "left" if waiting else ending)
            self.exploration.paths.append(replace(path, unexplored=(*path.unexplored, *waiting)))
            if len(self._walked_again) < _WALKED_AGAIN and not any(move.kind in TROUBLES for move in world.moves):
                self._walked_again.append(world)
        goes_on = world.close is None and not self._is_too_long(world)
        return state if goes_on else None

    def _ending(self, world: World) -> str:
        """Return how the path of a world ends; empty where it goes on."""
        if world.close is not None:
            return world.close
        if self._is_too_long(world):
            return "endless"
        rest = {move.kind for step in steps_from(world) for move in step}
        return "" if rest - {*TROUBLES, "twice"} else "stuck"

    def _is_too_long(self, world: World) -> bool:
        return len(world.moves) >= self._limits.moves

    async def _is_equal(self, world: World, other: ExploredState, cached: Cached | None) -> bool:
        """Tell whether one whole continuation from a world is answered as it was from a state of the same key."""
        at = other
        while following := at.first:
            step, at = following
            if step not in steps_from(world):
                await self.asker.evict(world, cached)
                return False
            goes_on = always if at.first is not None else never
            world, cached = await self._walker.step(world, step, cached=cached, goes_on=goes_on)
            if (sorted(world.decisions), world.close, world.result) != (sorted(at.decisions), at.close, at.result):
                await self.asker.evict(world, cached)
                return False
        return True

    async def _ask_another_process(self, root: World) -> None:
        """Walk some paths once more, by a process that has nothing in its memory, and keep how a decision differs."""
        if self._walked_again:
            await self._worker.start_afresh()
        for world in self._walked_again:
            worlds = await self.walk(root, world.path)
            if difference := path_difference(world, worlds[-1] if worlds else root):
                path = path_of(world, "different", difference=difference)
                possible = path.steps[: max(1, len(worlds))]  # what it decides otherwise shows there
                self.exploration.paths.append(replace(path, steps=possible))

    async def _ask_cold(self) -> None:
        """Ask the tasks of the last warm stretch once more, each cold, and keep how an answer differs."""
        for before, answered in self._asked_once:
            again = before.copy()
            await self.asker.ask(again, cached=None, goes_on=never)
            if difference := task_difference(before, answered, again):
                difference += f" (it came with queries then: {', '.join(self._queries)})" if self._queries else ""
                self.exploration.paths.append(path_of(answered, "different", difference=difference))
        self._asked_once.clear()

    async def _explore_child(self, child: Pending, parent: World) -> tuple[KnownOutcome, ...]:
        """Explore a child workflow by itself, and return how it can end."""
        queue = child.attributes.task_queue.name
        if not self._worker.polls(queue):
            return (KnownOutcome(why_not=f"how child {child.shown} ends: the worker does not poll {queue!r}"),)
        if self._depth == _MOST_DEEP:
            why_not = f"how child {child.shown} ends: it lies more than {_MOST_DEEP} workflows deep"
            return (KnownOutcome(why_not=why_not),)
        left = max(1.0, self._limits.seconds - (time.monotonic() - self._began))
        limits = Limits(states=_CHILD_STATES, moves=self._limits.moves, seconds=left)
        search = Search(self._worker, limits=limits, executions=self._executions, afresh=False, depth=self._depth + 1)
        await search.explore(child_world(child, parent, budgets=child_budgets(self._budgets)))
        self.asker.count(search.asker)
        ends = child_ends(child, parent, search.ended)
        if search.exploration.limit:
            reason = f"child {child.shown} whole: {search.exploration.limit}"
            ends = (replace(ends[0], unexplored=(*ends[0].unexplored, reason)), *ends[1:])
        return ends
