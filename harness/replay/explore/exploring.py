"""Explores one scenario: starts its worker, searches, judges what was explored, and tells each finding as a story."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from temporalio.api.query.v1 import WorkflowQuery
from temporalio.converter import DataConverter

from harness.errors import RigError, UsageError
from harness.records.explore_result import (
    ExploredBranch,
    ExploredEnd,
    ExploredMove,
    ExploreFinding,
    ExploreResult,
    OnServer,
)
from harness.records.scenario import Scenario, Start
from harness.replay.explore.asking import WHAT_CAN_BE_ASKED, WHERE_IT_WAITS
from harness.replay.explore.compensation import left_behind
from harness.replay.explore.move import DEFAULT_BUDGETS, Move, Step, budgets_of
from harness.replay.explore.on_server import ServerWalk
from harness.replay.explore.outcomes import steps_from
from harness.replay.explore.path import ExploredPath
from harness.replay.explore.properties import PROPERTIES, DeclaredOutcomes, Violation, violations
from harness.replay.explore.recorded import RecordedOutcomes
from harness.replay.explore.scenario import declarations_of, first_world, queries_of
from harness.replay.explore.search import Exploration, Limits, Search
from harness.replay.explore.shards import WHOLE, Shard
from harness.replay.explore.shrinking import shrunk
from harness.replay.explore.story import history_json, story_of
from harness.replay.explore.worker import ExploredProgram, ExploredWorker
from harness.replay.explore.world import World
from harness.servers.clock import Clock
from harness.servers.frontend import Frontend
from harness.temporal.task_failure import is_unregistered
from harness.trial.conversion import converter_of
from harness.trial.script_files import script_files

_MOST_DRAWN = 40
"""How many paths a picture may have that is still read."""

SaveHistory = Callable[[str, bytes], str]
"""Keeps the history of a finding, by the finding's id, and returns the file as the user would type it."""


@dataclass(frozen=True, kw_only=True)
class ExploreOptions:
    """How scenarios are explored.

    Attributes:
        budgets: How often what is no plain course of things may happen; see ``harness.replay.explore.move``.
        limits: When a search ends before everything is explored.
        order_matters: Whether results depend on the order of things by design.
        answer_limit: Seconds that one answer of the worker may take, or the execution of one activity.
        recorded: How activities have ended that are not executed; None: all are.
        afresh: Whether another process walks some paths once more.
        shard: Which part of each it explores.
    """

    budgets: Mapping[str, int] = field(default_factory=lambda: DEFAULT_BUDGETS)
    limits: Limits = field(default_factory=Limits)
    order_matters: bool = False
    answer_limit: float = 20.0
    recorded: RecordedOutcomes | None = None
    afresh: bool = True
    shard: Shard = WHOLE

    def of(self, scenario: Scenario) -> ExploreOptions:
        """Return how one scenario is explored, which it may say itself; what the user says counts more.

        Raises:
            UsageError: It names a budget that there is none of.
        """
        said = scenario.explores
        known = budgets_of([f"{name}={count}" for name, count in said.budgets.items()])
        budgets = self.budgets if self.budgets != DEFAULT_BUDGETS else known
        moves = said.moves if said.moves and self.limits.moves == Limits().moves else self.limits.moves
        return replace(self, budgets=budgets, limits=replace(self.limits, moves=moves))


@dataclass(frozen=True, kw_only=True)
class ExploredPaths:
    """All paths of an exploration, as its evidence keeps them to be judged again.

    Attributes:
        declared: What the scenario declares of its outcomes.
        paths: The paths.
    """

    declared: DeclaredOutcomes
    paths: tuple[ExploredPath, ...]


def judged_again(result: ExploreResult, explored: ExploredPaths) -> ExploreResult:
    """Return what an exploration came to under the properties of today; what was told of a path before, stays."""
    before = {each.id: each for each in result.findings}  # with a smaller path, where one was walked
    findings = [_finding(each, scenario=result.scenario) for each in violations(explored.paths, explored.declared)]
    return replace(result, findings=tuple(before.get(each.id, each) for each in findings))


@asynccontextmanager
async def open_worker(scenario: Scenario, *, options: ExploreOptions, logs: Path) -> AsyncIterator[ExploredWorker]:
    """Start the worker of a scenario behind its doors.

    Raises:
        UsageError: The command is not found, a script cannot be used, or it polls other task queues.
        RigError: It exits before it polls, or never polls.
    """
    model, effects = script_files(scenario)
    program = ExploredProgram(
        command=scenario.worker,
        logs=logs,
        task_queue=scenario.task_queue,
        model=model,
        effects=effects,
        env=scenario.env,
        address=scenario.address,
        tls=scenario.tls,
        nexus_endpoints=scenario.nexus_endpoints,
        limit=options.answer_limit,
    )
    async with ExploredWorker(program) as worker:
        yield worker


class ScenarioExploration:
    """The exploration of one scenario, by a worker that runs.

    Args:
        scenario: The scenario.
        worker: Its worker.
        options: How it is explored.
        save: Keeps histories.
        tell: Called with the exploration so far, often.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        worker: ExploredWorker,
        options: ExploreOptions,
        save: SaveHistory = lambda name, content: "",
        tell: Callable[[Exploration], None] = lambda so_far: None,
    ) -> None:
        self._scenario = scenario
        self._worker = worker
        self._save = save
        self._converter: DataConverter = converter_of(scenario)
        matters = options.order_matters or scenario.explores.order_matters
        self._declared = declarations_of(scenario, order_matters=matters)
        self._options = options = options.of(scenario)
        self._search = Search(
            worker,
            limits=options.limits,
            recorded=options.recorded,
            afresh=options.afresh,
            shard=options.shard,
            tell=tell,
        )

    async def explore(self) -> ExploreResult:
        """Explore the scenario and judge it.

        Cancelled, it raises ``CancelledError``; ``so_far`` then tells what was explored until then.

        Raises:
            UsageError: Its work is begun by a program, an argument cannot be encoded, the worker does not know the
                workflow type, or it polls several task queues and none is named.
        """
        root = await self._root()
        queries = await queries_of(self._scenario, converter=self._converter) or await self._all_queries(root)
        await self._search.explore(root, queries=queries)
        await self._root()  # by now the worker polls all that it polls: of several task queues none can be chosen
        for path in self._search.exploration.paths[:1]:
            if path.close == "task failed" and is_unregistered(path.result):
                raise UsageError(f"the worker says: {path.result}")
        findings = [await self._finding(each) for each in self._violations()]
        return self._result(findings)

    async def _all_queries(self, root: World) -> dict[str, WorkflowQuery]:
        """Return the queries that the workflow says it answers, without arguments: none of them may change anything."""
        try:
            worlds = await self._search.walk(root, steps_from(root)[:1], queries=WHAT_CAN_BE_ASKED)
        except RigError:  # what is wrong shows when it is explored
            worlds = []
        names = worlds[-1].query_types if worlds else ()
        return {name: WorkflowQuery(query_type=name) for name in names}

    @property
    def paths(self) -> ExploredPaths:
        """All that was explored, to be judged again."""
        return ExploredPaths(declared=self._declared, paths=tuple(self._search.exploration.paths))

    def so_far(self) -> ExploreResult:
        """Return what was explored so far; the findings without histories."""
        self._search.exploration.limit = self._search.exploration.limit or "it was interrupted"
        return self._result([_finding(each, scenario=self._scenario.name) for each in self._violations()])

    async def walk(self, steps: Sequence[Step]) -> World | None:
        """Return the world at the end of a path; None where not one of its steps is possible."""
        worlds = await self._search.walk(await self._root(), steps)
        return worlds[-1] if worlds and len(worlds) == len(steps) else None

    async def on_server(
        self, finding: ExploreFinding, *, frontend: Frontend, clock: Clock | None, server: str
    ) -> OnServer:
        """Ask a real server for the path of a finding, and for the one that it is compared with.

        Args:
            finding: The finding.
            frontend: The server.
            clock: Lets time pass there; None: it cannot be asked to.
            server: Its version.
        """
        file = ""
        ends = [(finding.steps, finding.end), *([(finding.other, finding.other_end)] if finding.other_end else [])]
        for steps, end in ends:
            walk = ServerWalk(frontend, clock=clock, worker=self._worker, search=self._search)
            served = await walk.walk(await self._root(), steps_of(steps))
            file = file or await asyncio.to_thread(self._save, finding.id, served.history)
            why_not = served.why_not or _ends_otherwise(served.world, end)
            if why_not:
                return OnServer(server=server, why_not=why_not, history=file)
        return OnServer(server=server, history=file)

    async def _root(self) -> World:
        return await first_world(
            self._scenario,
            task_queue=self._worker.task_queue,
            budgets={**DEFAULT_BUDGETS, **self._options.budgets},  # a record may be older than a budget
            converter=self._converter,
        )

    def _violations(self) -> list[Violation]:
        return violations(self._search.exploration.paths, self._declared)

    async def _finding(self, violation: Violation) -> ExploreFinding:
        """Make the path of a violation smaller, and walk it again, for its story and its history."""
        try:
            violation = await self._shrunk(violation)
            root = await self._root()
            worlds = await self._search.walk(root, violation.path.steps, queries=WHERE_IT_WAITS)
            compared = violation.other.steps if violation.other else ()
            other = await self._search.walk(root, compared, queries=WHERE_IT_WAITS)
        except RigError:  # the worker was lost too often
            worlds = other = []
        finding = _finding(violation, scenario=self._scenario.name, worlds=worlds, compared=other)
        if not worlds:
            return finding
        file = await asyncio.to_thread(self._save, finding.id, history_json(worlds[-1].events))
        return ExploreFinding(**{**vars(finding), "history": file})

    async def _shrunk(self, violation: Violation) -> Violation:
        """Return a violation with a path that is as small as can be; where no states are one, it is already."""
        explored = self._search.exploration
        if violation.path.close == "different" or not (explored.merged or explored.left):
            return violation
        root = await self._root()

        async def follow(steps: Sequence[Step], most: int) -> ExploredPath | None:
            return await self._search.follow(root, steps, most=most)

        return await shrunk(violation, paths=explored.paths, declared=self._declared, follow=follow)

    def _result(self, findings: Sequence[ExploreFinding]) -> ExploreResult:
        explored, scenario = self._search.exploration, self._scenario
        unexplored = Counter(reason for path in explored.paths for reason in path.unexplored)
        if isinstance(scenario.work, Start) and len(others := set(map(repr, scenario.work.inputs))) > 1:
            unexplored["executions with other arguments than the first"] = len(others) - 1
        return ExploreResult(
            scenario=scenario.name,
            title=scenario.title,
            file=scenario.file,
            budgets=dict(self._options.budgets),
            states=explored.states,
            merged=explored.merged,
            paths=len(explored.paths),
            left=explored.left,
            limit=explored.limit,
            cold=explored.cold,
            warm=explored.warm,
            executed=explored.executed,
            seconds=explored.seconds,
            findings=tuple(findings),
            unexplored=dict(unexplored),
            notes=tuple(_notes(scenario, explored)),
            reason="" if findings else _nothing_shown(scenario, explored),
            branches=_branches(explored.paths),
        )


def _finding(
    violation: Violation, *, scenario: str, worlds: Sequence[World] = (), compared: Sequence[World] = ()
) -> ExploreFinding:
    broken = next(each for each in PROPERTIES if each.name == violation.property)
    path = violation.path
    return ExploreFinding(
        check=violation.property,
        scenario=scenario,
        subject=violation.subject,
        message=violation.message,
        why=broken.why,
        fix=broken.fix,
        steps=kept_steps(path),
        end=ExploredEnd(close=path.close, result=path.result),
        story=tuple(story_of(worlds)) or tuple(move.words for step in path.steps for move in step),
        compared=tuple(story_of(compared)),
        place=worlds[-1].place if worlds else path.place,
        other=kept_steps(violation.other) if violation.other else (),
        other_end=ExploredEnd(close=violation.other.close, result=violation.other.result) if violation.other else None,
    )


def _ends_otherwise(world: World, end: ExploredEnd) -> str:
    """Say how a path ends, if it does not end as it did; one that goes on or waits for ever is still open."""
    close = world.close or (end.close if end.close in ("stuck", "endless") else "open")
    if (close, world.result) == (end.close, end.result):
        return ""
    return f"it ends otherwise there: {close} {world.result}".strip()


def kept_steps(path: ExploredPath) -> tuple[tuple[ExploredMove, ...], ...]:
    """Return the steps of a path as records keep them."""
    return tuple(tuple(ExploredMove(**vars(move)) for move in step) for step in path.steps)


def steps_of(kept: Sequence[Sequence[ExploredMove]]) -> tuple[Step, ...]:
    """Return the steps that records keep."""
    return tuple(tuple(Move(**vars(move)) for move in step) for step in kept)


def _branches(paths: Sequence[ExploredPath]) -> tuple[ExploredBranch, ...]:
    """Return what a picture of the paths is drawn from, where they are not too many."""
    drawn = [path for path in paths if path.close != "different"]
    if len(drawn) > _MOST_DRAWN:
        return ()
    return tuple(
        ExploredBranch(moves=tuple(" and ".join(move.words for move in step) for step in path.steps), end=path.close)
        for path in drawn
    )


def _nothing_shown(scenario: Scenario, explored: Exploration) -> str:
    """Say so where the plain course of things comes to nothing, though nothing declares that."""
    plain = [path for path in explored.paths if path.trouble is None]
    ends = {path.close for path in plain} & {"completed", "failed", "cancelled"}
    if scenario.fails is not None or scenario.over is not None or not ends or "completed" in ends:
        return ""
    shown = next(path for path in plain if path.close in ends)
    end = f"{shown.close} {shown.result}".strip()
    return f"no path without trouble completes the workflow, and no failure is declared: it is {end}"


def _notes(scenario: Scenario, explored: Exploration) -> Iterator[str]:
    if any(send.kind == "pass" for send in scenario.sends):
        yield "time that passes is not let pass: timers fire when they are due"
    yield from left_behind(explored.paths)
    if explored.slow:
        yield f"{explored.slow} workflow tasks took too long and did not when they were asked again"
