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
from harness.replay.explore.events import KnownOutcome, after
from harness.replay.explore.executions import Executions
from harness.replay.explore.move import TROUBLES, Step
from harness.replay.explore.outcomes import steps_from
from harness.replay.explore.path import ExploredPath, path_of
from harness.replay.explore.recorded import RecordedOutcomes, outcome_key
from harness.replay.explore.story import decided_words
from harness.replay.explore.worker import ExploredWorker
from harness.replay.explore.world import Pending, World, begin, run_id_of

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
        afresh: Whether another process walks some paths once more.
    """

    def __init__(
        self,
        worker: ExploredWorker,
        *,
        limits: Limits,
        recorded: RecordedOutcomes | None = None,
        afresh: bool = True,
        tell: Callable[[Exploration], None] = lambda so_far: None,
    ) -> None:
        self.exploration = Exploration()
        self._worker = worker
        self._limits = limits
        self._queries = NO_QUERIES
        self._tell = tell
        self._asker = Asker(worker)
        self._executions = Executions(worker, recorded=recorded)
        self._children: dict[tuple[str, bytes], KnownOutcome] = {}
        self._visited: dict[tuple[int, int], ExploredState] = {}
        self._asked_once: list[tuple[World, World]] = []
        self._walked_again: list[World] = []
        self._afresh = afresh
        self._began = time.monotonic()

    async def explore(self, root: World, *, queries: Mapping[str, WorkflowQuery] = NO_QUERIES) -> Exploration:
        """Explore everything that can happen to a workflow, from its first workflow task on.

        Args:
            root: The world before the first one.
            queries: Queries that come with each task when it is asked first, and not when it is asked again.
        """
        self._queries = queries
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
                    open_steps += [(reached, next_state, each) for each in reversed(steps_from(reached))]
                self.exploration.left = len(open_steps)
                self._count()
                self._tell(self.exploration)
            if open_steps and cached is not None:
                await self._asker.evict(reached, cached)
            if self._afresh:
                await self._ask_another_process(root)
        except RigError as error:
            self.exploration.limit = str(error)
        finally:
            self.exploration.left = len(open_steps)
            self._count()
        return self.exploration

    async def walk(self, root: World, steps: Sequence[Step]) -> list[World]:
        """Return the world after each of these steps, as far as they are possible; the worker is asked warm."""
        world, cached, worlds = root, None, list[World]()
        for step in steps:
            if world.close is not None or step not in steps_from(world):
                break
            before, world = world, after(world, step, outcomes=await self.outcomes(world, step))
            if world.close is not None:
                await self._asker.evict(before, cached)
                cached = None
            else:
                last = len(worlds) + 1 == len(steps)
                cached = await self._asker.ask(world, cached=cached, goes_on=_never if last else _always)
            worlds.append(world)
        await self._asker.evict(world, cached)
        return worlds

    def _is_over(self, left: int) -> bool:
        limits, states = self._limits, self.exploration.states
        if states >= limits.states:
            self.exploration.limit = f"{limits.states:,} states were visited"
        elif time.monotonic() - self._began > limits.seconds:
            self.exploration.limit = f"{limits.seconds:g} s were over"
        return bool(self.exploration.limit)

    def _count(self) -> None:
        so_far, asker = self.exploration, self._asker
        so_far.cold, so_far.warm, so_far.slow = asker.cold, asker.warm, asker.slow
        so_far.executed = self._executions.executed
        so_far.seconds = time.monotonic() - self._began

    async def _visit(
        self, world: World, state: ExploredState, step: Step, cached: Cached | None
    ) -> tuple[World, ExploredState | None, Cached | None]:
        """Take a step from a state; return where it leads, to be explored from there unless that was done already."""
        reached = after(world, step, outcomes=await self.outcomes(world, step))
        equal: ExploredState | None = None

        def goes_on(answered: World) -> bool:
            nonlocal equal
            equal = self._visited.get((answered.key, 0))
            if equal is not None:
                return equal.first is not None
            return not self._is_too_long(answered) and bool(steps_from(answered))

        if reached.close is None:
            was_warm = bool(cached and cached.run_id == reached.run_id and cached.known == world.asked)
            before = reached.copy()
            cached = await self._asker.ask(
                reached, cached=cached if was_warm else None, goes_on=goes_on, queries=self._queries
            )
            if was_warm or not self.exploration.states:
                self._asked_once.append((before, reached.copy()))
            if cached is None:
                await self._ask_cold()
        else:
            await self._asker.evict(world, cached)
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

    def _enter(self, world: World, state: ExploredState) -> ExploredState | None:
        """Count a state and return it, if anything can follow."""
        self.exploration.states += 1
        if world.close is None:
            key = world.key
            variants = itertools.takewhile(lambda each: (key, each) in self._visited, itertools.count())
            self._visited[key, sum(1 for _ in variants)] = state
        if ending := self._ending(world):
            self.exploration.paths.append(path_of(world, ending))
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
        return "" if rest - {"cancel", "twice"} else "stuck"

    def _is_too_long(self, world: World) -> bool:
        return len(world.moves) >= self._limits.moves

    async def _is_equal(self, world: World, other: ExploredState, cached: Cached | None) -> bool:
        """Tell whether one whole continuation from a world is answered as it was from a state of the same key."""
        at = other
        while following := at.first:
            step, at = following
            if step not in steps_from(world):
                await self._asker.evict(world, cached)
                return False
            before, world = world, after(world, step, outcomes=await self.outcomes(world, step))
            if world.close is not None:
                await self._asker.evict(before, cached)
                cached = None
            else:
                goes_on = _always if at.first is not None else _never
                cached = await self._asker.ask(world, cached=cached, goes_on=goes_on)
            if (sorted(world.decisions), world.close, world.result) != (sorted(at.decisions), at.close, at.result):
                await self._asker.evict(world, cached)
                return False
        return True

    async def _ask_another_process(self, root: World) -> None:
        """Walk some paths once more, by a process that has nothing in its memory, and keep how a decision differs."""
        if self._walked_again:
            await self._worker.start_afresh()
        for world in self._walked_again:
            worlds = await self.walk(root, world.path)
            if difference := _other_decision(world, worlds[-1] if worlds else root):
                path = path_of(world, "different", difference=difference)
                possible = path.steps[: max(1, len(worlds))]  # what it decides otherwise shows there
                self.exploration.paths.append(replace(path, steps=possible))

    async def _ask_cold(self) -> None:
        """Ask the tasks of the last warm stretch once more, each cold, and keep how an answer differs."""
        for before, answered in self._asked_once:
            again = before.copy()
            await self._asker.ask(again, cached=None, goes_on=_never)
            if difference := _difference(before, answered, again):
                self.exploration.paths.append(path_of(answered, "different", difference=difference))
        self._asked_once.clear()

    async def outcomes(self, world: World, step: Step) -> dict[str, KnownOutcome]:
        """Return how what completes in a step ends."""
        outcomes = {}
        for move in step:
            if move.kind == "complete":
                pending = next(each for each in world.pending.values() if each.subject == move.subject)
                ended = self._child if pending.kind == "child" else self._executions.outcome
                outcomes[move.subject] = await ended(pending, world)
        return outcomes

    async def _child(self, pending: Pending, world: World) -> KnownOutcome:
        key = outcome_key(pending.type, pending.attributes.input)
        if key not in self._children:
            self._children[key] = await self._run_child(pending, world)
        return self._children[key]

    async def _run_child(self, pending: Pending, parent: World) -> KnownOutcome:
        """Return how a child ends by itself: the plain course of things, and nobody sends it anything."""
        queue = pending.attributes.task_queue.name
        if not self._worker.polls(queue):
            return KnownOutcome(why_not=f"how child {pending.shown} ends: the worker does not poll {queue!r}")
        workflow_id = pending.attributes.workflow_id
        world = World(
            workflow_id=workflow_id,
            workflow_type=pending.type,
            task_queue=queue,
            run_id=run_id_of(workflow_id, 0),
            sends=(),
            left=dict.fromkeys(parent.left, 0),
        )
        begin(world, arguments=pending.attributes.input)
        cached: Cached | None = None
        while world.close is None and len(world.moves) < self._limits.moves:
            steps = steps_from(world)
            if not steps:
                return KnownOutcome(why_not=f"how child {pending.shown} ends: it waits for something from outside")
            world = after(world, steps[0], outcomes=await self.outcomes(world, steps[0]))
            if world.close is None:
                cached = await self._asker.ask(world, cached=cached, goes_on=_always)
        return _child_outcome(world, pending)


def _always(world: World) -> bool:
    return True


def _never(world: World) -> bool:
    return False


def _child_outcome(world: World, pending: Pending) -> KnownOutcome:
    last = world.events[-1]
    if world.close == "completed":
        attributes = last.workflow_execution_completed_event_attributes
        return KnownOutcome(result=attributes.result if attributes.HasField("result") else None)
    if world.close == "failed":
        return KnownOutcome(failure=last.workflow_execution_failed_event_attributes.failure)
    why = world.result or "; ".join(world.unexplored) or world.close or "it does not end"
    return KnownOutcome(why_not=f"how child {pending.shown} ends: {why}")


def _difference(before: World, warm: World, cold: World) -> str:
    """Say how the answer to a task that was asked once more differs; an empty text if it does not."""
    expected, new = _new(warm, before), _new(cold, before)
    if _ran_itself(expected) or warm.close in ("task failed", "lost"):
        return ""
    if cold.close in ("task failed", "lost"):
        return cold.result
    return f"it {decided_words(new)}; before, it {decided_words(expected)}" if new != expected else ""


def _other_decision(before: World, now: World) -> str:
    """Say what was decided otherwise on a path that was walked once more; an empty text if nothing was."""
    if _ran_itself(before.decisions) or before.close in ("task failed", "lost"):
        return ""
    for one, other in itertools.zip_longest(before.decisions, now.decisions, fillvalue=""):
        if one != other:
            return f"in another process it {decided_words([other] if other else [])}; before, it " + decided_words(
                [one]
            )
    return ""


def _new(world: World, before: World) -> tuple[str, ...]:
    return world.decisions[len(before.decisions) :]


def _ran_itself(decisions: tuple[str, ...]) -> bool:
    """Tell whether a task had the worker do something whose result is made anew each time: a local activity."""
    return any(each.startswith("COMMAND_TYPE_RECORD_MARKER") for each in decisions)
