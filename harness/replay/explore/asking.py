"""Asks the worker for the next workflow task of a world, warm or cold, and writes down what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.commands import write_answer
from harness.replay.explore.place import place_of, waiting_place
from harness.replay.explore.worker import ExploredWorker, Lost
from harness.replay.explore.world import World
from harness.temporal.task_failure import is_blocked, is_nondeterminism

NO_QUERIES: Mapping[str, WorkflowQuery] = {}

_STACKS = "stacks"
WHERE_IT_WAITS: Mapping[str, WorkflowQuery] = {_STACKS: WorkflowQuery(query_type="__stack_trace")}
"""The query that a task is asked with, in place of others, for the line at which the workflow waits afterwards."""

_METADATA = "metadata"
WHAT_CAN_BE_ASKED: Mapping[str, WorkflowQuery] = {_METADATA: WorkflowQuery(query_type="__temporal_workflow_metadata")}
"""The query that a task is asked with for the names of the queries that the workflow answers."""

_TRIES = 2  # a busy machine may be why the code took too long
_MOST_TASKS = 50  # while one local activity runs


@dataclass(frozen=True, kw_only=True)
class Cached:
    """What the worker has in its cache: a run, up to an event.

    Attributes:
        run_id: The run.
        known: Id of the WorkflowTaskStarted that it was told last.
        sticky: The task queue on which it takes up the next task.
    """

    run_id: str
    known: int
    sticky: str


class Asker:
    """Asks for workflow tasks, and counts.

    Attributes:
        cold: How many tasks were asked with the whole history.
        warm: How many were asked with what is new alone.
        slow: How many times the code took too long and did not when it was asked again.

    Args:
        worker: Who is asked.
    """

    def __init__(self, worker: ExploredWorker) -> None:
        self.cold = self.warm = self.slow = 0
        self._worker = worker

    async def ask(
        self,
        world: World,
        *,
        cached: Cached | None,
        goes_on: Callable[[World], bool],
        queries: Mapping[str, WorkflowQuery] = NO_QUERIES,
    ) -> Cached | None:
        """Hand out the workflow task that is scheduled, and write into the world what it is answered with.

        Args:
            world: The world; changed.
            cached: What the worker has in its cache of this run; None: nothing.
            goes_on: Asked with the world after the answer: whether the next task of the run follows at once.
            queries: Queries that it answers with the task, by an id.

        Returns:
            What the worker keeps in its cache; None where it keeps nothing.
        """
        for tries in range(1, _TRIES + 1):
            before = world.copy()
            kept = await self._tasks(world, cached=cached, goes_on=goes_on, queries=queries)
            if world.close != "task failed" or not is_blocked(world.result) or tries == _TRIES:
                self.slow += tries > 1 and world.close != "task failed"
                return kept
            await self._worker.start()  # the thread of its workflow may be held for ever
            vars(world).update(vars(before))
            cached = None
        raise AssertionError("the last try returns")

    def count(self, other: Asker) -> None:
        """Add what another one has asked."""
        self.cold, self.warm, self.slow = self.cold + other.cold, self.warm + other.warm, self.slow + other.slow

    async def evict(self, world: World, cached: Cached | None) -> None:
        """Have the worker drop a run that it was to go on with: a task that brings nothing is not taken from it."""
        if cached is not None:
            await self._tasks(world.copy(), cached=cached, goes_on=lambda world: False)

    async def _tasks(
        self,
        world: World,
        *,
        cached: Cached | None,
        goes_on: Callable[[World], bool],
        queries: Mapping[str, WorkflowQuery] = NO_QUERIES,
    ) -> Cached | None:
        """Hand out one task after the other as long as the worker asks for the next itself: a local activity runs."""
        for _ in range(_MOST_TASKS):
            asked = _Asked(world, goes_on=goes_on)
            known = cached.known if cached and cached.run_id == world.run_id else 0
            self.warm, self.cold = self.warm + bool(known), self.cold + (not known)
            answer = await self._worker.ask(
                world,
                started=asked.started,
                known=known,
                sticky=cached.sticky if cached else "",
                queries=queries,
                keeps=asked.keeps,
            )
            if isinstance(answer, Lost):
                world.close, world.result = "lost", answer.reason
                await self._worker.start()
                return None
            if isinstance(answer, rpc.RespondWorkflowTaskFailedRequest):
                write_failure(world, answer)
                return None
            if asked.error:
                raise asked.error
            cached = asked.cached
            if not answer.force_create_new_workflow_task:
                return cached
        world.close = "left"
        world.unexplored += ("a local activity that goes on and on",)
        return None


class _Asked:
    """One workflow task that is handed out."""

    def __init__(self, world: World, *, goes_on: Callable[[World], bool]) -> None:
        self.started = world.write_task_started()
        self.cached: Cached | None = None
        self.error: Exception | None = None
        self._world = world
        self._goes_on = goes_on

    def keeps(self, answer: rpc.RespondWorkflowTaskCompletedRequest) -> bool:
        """Write the answer down and tell whether the worker is to keep the run in its cache."""
        run_id, sticky = self._world.run_id, answer.sticky_attributes.worker_task_queue.name
        try:
            write_answer(self._world, answer, started=self.started)
            open_run = self._world.close is None and self._world.run_id == run_id
            if open_run:
                self._world.place = waiting_place(_answered(answer, _STACKS))
            if _METADATA in answer.query_results:
                self._world.query_types = _query_types(_answered(answer, _METADATA))
            again = answer.force_create_new_workflow_task
            kept = bool(sticky) and open_run and (again or self._goes_on(self._world))
        except Exception as error:  # raised where the answer is waited for
            self.error = error
            return False
        if kept:
            self.cached = Cached(run_id=run_id, known=self.started, sticky=sticky)
        return kept


def _answered(answer: rpc.RespondWorkflowTaskCompletedRequest, query: str) -> Any:
    """Return what a query was answered with; empty where it was not asked, or is not to be read."""
    if query not in answer.query_results:
        return ""
    for payload in answer.query_results[query].answer.payloads:
        try:
            return json.loads(payload.data)
        except ValueError:  # encrypted by the worker's own codec
            return ""
    return ""


def _query_types(metadata: Any) -> tuple[str, ...]:
    """Return the names of the user's own queries out of what a workflow says of itself."""
    definition = metadata.get("definition", {}) if isinstance(metadata, dict) else {}
    names = [str(each.get("name", "")) for each in definition.get("queryDefinitions", ())]
    return tuple(sorted(name for name in names if name and not name.startswith("__")))


def write_failure(world: World, answer: rpc.RespondWorkflowTaskFailedRequest) -> None:
    """Write what a server writes when a worker fails a workflow task, and close the path with it."""
    started = world.events[-1]
    attributes = world.write(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED).workflow_task_failed_event_attributes
    attributes.scheduled_event_id = started.workflow_task_started_event_attributes.scheduled_event_id
    attributes.started_event_id = started.event_id
    attributes.failure.CopyFrom(answer.failure)
    attributes.cause = answer.cause
    world.close, world.result = "task failed", answer.failure.message
    mismatch = answer.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
    world.nondeterministic = mismatch or is_nondeterminism(answer.failure.message)
    world.place = place_of(answer.failure.stack_trace)
