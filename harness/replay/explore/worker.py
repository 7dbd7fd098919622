"""The worker that is explored: one process behind a frontend that plays the server, with the model and effect doors."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.http.doors import HttpDoors
from harness.doors.wire.certificate import certificate
from harness.errors import RigError, UsageError, nearest
from harness.processes.command import KEYS, command_words, environment
from harness.processes.process import Process
from harness.processes.starting import wait_for_start
from harness.replay.door.door import READY_LIMIT
from harness.replay.door.frontend import OfferedExecution, OfferedTask, ReplayFrontend, WorkerAnswer
from harness.replay.door.replayable_run import ReplayableRun
from harness.replay.explore.other_answers import OtherAnswers
from harness.replay.explore.world import World
from harness.replay.no_doors import METRICS_ADDRESS
from harness.temporal.task_queue import only_queue

_T = TypeVar("_T")

STARTS = 10
"""How often the worker is started before it is given up."""

_SLOT = "explore"
_IN_WORKER = Path(__file__).parent / "in_worker" / "sitecustomize.py"
"""Found by a worker's Python on its path: what lets its stack traces name the line that waits."""

_QUEUE_LIMIT = 3.0  # seconds from the first poll of any task queue to that of the one that is wanted


@dataclass(frozen=True, kw_only=True)
class ExploredProgram:
    """The worker's command line and what it is started with.

    Attributes:
        command: Command line, unmodified.
        logs: Folder of the log files.
        task_queue: Task queue that it must poll; empty: the only one that it polls.
        model: The model script; None: the doors' own answers.
        effects: The scripts of its effect services, by their names; none: the doors' own answers.
        env: Further environment.
        address: The loopback ``host:port`` that it has hard-coded; empty: it reads TEMPORAL_ADDRESS.
        tls: Whether it insists on TLS.
        nexus_endpoints: Name and task queue of Nexus endpoints; those that are not named lead to the one that it polls.
        limit: Seconds that one answer of it may take, or the execution of one activity.
    """

    command: str
    logs: Path
    task_queue: str = ""
    model: Path | None = None
    effects: Mapping[str, Path] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    tls: bool = False
    nexus_endpoints: Mapping[str, str] = field(default_factory=dict)
    limit: float = 20.0


@dataclass(frozen=True)
class Lost:
    """In place of an answer: why there is none. The process has ended, or was ended since it may be stuck."""

    reason: str


class ExploredWorker:
    """The worker process, started again whenever it is lost. An async context manager.

    Attributes:
        answers: What the model answers it.

    Args:
        program: What is started.

    Raises:
        UsageError: On entering: the command is not found, a script cannot be used, the fixed address is taken, or the
            worker polls other task queues.
        RigError: On entering: it exits before it polls, or never polls.
    """

    def __init__(self, program: ExploredProgram) -> None:
        self._program = program
        self._certificate = certificate(program.address.rpartition(":")[0]) if program.tls else None
        self._frontend = ReplayFrontend(program.address, certificate=self._certificate)
        self.answers = OtherAnswers(program.model)
        self._doors = HttpDoors(
            decide=self.answers.decide,
            logs=program.logs,
            model_script=program.model,
            effects_scripts=program.effects,
            notice=lambda notice: None,
        )
        self._stack = AsyncExitStack()
        self._process: Process | None = None
        self._exit: asyncio.Task[str] | None = None
        self.starts = 0
        self._processes = 0
        self._hash_seed = 1

    async def __aenter__(self) -> ExploredWorker:
        try:
            await self._stack.enter_async_context(self._doors)
            await self._stack.enter_async_context(self._frontend)
            self._stack.push_async_callback(self._end)
            await self.start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    @property
    def task_queue(self) -> str:
        """The task queue that workflows are started on.

        Raises:
            UsageError: None is named, and it polls several.
        """
        return self._program.task_queue or only_queue(self._frontend.normal_queues, tasks="workflow")

    @property
    def log(self) -> str:
        """The end of the log of its process."""
        return self._process.log_tail(200) if self._process else ""

    @property
    def nexus_endpoints(self) -> Mapping[str, str]:
        """Name and task queue of the Nexus endpoints that are named."""
        return self._program.nexus_endpoints

    def polls(self, task_queue: str) -> bool:
        """Tell whether it polls a task queue for workflow tasks."""
        return task_queue in self._frontend.normal_queues

    async def start_afresh(self) -> None:
        """Start another process in place of the one that runs, in which strings hash otherwise.

        Raises:
            RigError: As ``start``.
        """
        self._hash_seed += 1
        self.starts -= 1  # nothing was lost
        await self.start()

    async def start(self) -> None:
        """Start the process, or start it again, and wait until it polls.

        Raises:
            RigError: It was started too often, exits before it polls, or never polls.
        """
        await self._end()
        self.starts += 1
        if self.starts > STARTS:
            raise RigError(f"the worker was lost {STARTS} times; its log says why", log=self.log)
        self._processes += 1
        words = command_words(self._program.command)
        process = await Process.start(
            words, name=f"worker-{self._processes}", logs=self._program.logs, env=self._environment()
        )
        self._process = process
        self._exit = asyncio.create_task(_exit_of(process))
        polled = asyncio.create_task(self._polled())
        try:
            await wait_for_start((polled, self._exit), process, limit=READY_LIMIT)
        finally:
            polled.cancel()
        if self._exit.done():
            raise RigError(f"{shlex.join(words)}: before it polled, {self._exit.result()}")
        if not polled.done() or polled.cancelled():
            raise self._not_polling(shlex.join(words))

    async def ask(
        self,
        world: World,
        *,
        started: int,
        known: int,
        sticky: str,
        queries: Mapping[str, WorkflowQuery],
        keeps: Callable[[rpc.RespondWorkflowTaskCompletedRequest], bool],
    ) -> WorkerAnswer | Lost:
        """Hand a workflow task out and return the answer.

        Args:
            world: The world, whose history ends with the task's WorkflowTaskStarted.
            started: Id of that event.
            known: How many events the worker has in its cache; 0: it is asked cold.
            sticky: The worker's own task queue for what it has in its cache.
            queries: Queries that it answers with the task, by an id.
            keeps: As for ``OfferedTask``.
        """
        run = ReplayableRun(
            workflow_id=world.workflow_id,
            run_id=world.run_id,
            workflow_type=world.workflow_type,
            task_queue=world.task_queue,
            events=world.events,
            tasks=(),
        )
        for message in world.requests:
            message.event_id = started - 1
        events: list[HistoryEvent] = list(world.events)
        offered = OfferedTask(
            run=run,
            events=events,
            end=started,
            known=known,
            previous_started_event_id=world.asked,
            messages=world.requests,
            queries=queries,
            keeps=keeps,
        )
        return await self._hand_out(offered, queue=sticky if known else world.task_queue)

    async def answer(self, task: Any, *, events: Sequence[HistoryEvent]) -> WorkerAnswer | Lost:
        """Hand a workflow task out that a real server gave, and return the answer.

        Args:
            task: The server's poll answer.
            events: The history up to its WorkflowTaskStarted.
        """
        run = ReplayableRun(
            workflow_id=task.workflow_execution.workflow_id,
            run_id=task.workflow_execution.run_id,
            workflow_type=task.workflow_type.name,
            task_queue=task.workflow_execution_task_queue.name,
            events=list(events),
            tasks=(),
        )
        offered = OfferedTask(
            run=run,
            events=events,
            end=task.started_event_id,
            previous_started_event_id=task.previous_started_event_id,
            messages=task.messages,
        )
        return await self._hand_out(offered, queue=run.task_queue)

    async def _hand_out(self, offered: OfferedTask, *, queue: str) -> WorkerAnswer | Lost:
        self._frontend.offer(queue, offered)
        try:
            return await self._unless_lost(offered.answer, "the workflow task")
        finally:
            self._frontend.withdraw(offered)

    async def execute(
        self, task: rpc.PollActivityTaskQueueResponse | rpc.PollNexusTaskQueueResponse, *, queue: str, what: str
    ) -> Any:
        """Have an activity or Nexus task executed by the worker's own code, and return the answer, or a ``Lost``.

        Args:
            task: The task, as a poll answers with it.
            queue: Its task queue.
            what: The same for people.
        """
        if queue not in await self.execution_queues(type(task), wanted=queue):
            kind = "activities" if isinstance(task, rpc.PollActivityTaskQueueResponse) else "Nexus tasks"
            polled = ", ".join(map(repr, self._frontend.queues_for(type(task)))) or "none"
            return Lost(f"the worker polls no {kind} on task queue {queue!r} (it polls {polled})")
        self.answers.begin_attempt()
        offered = OfferedExecution(task=task)
        self._frontend.offer_execution(queue, offered)
        try:
            return await self._unless_lost(offered.answer, what)
        finally:
            self._frontend.withdraw_execution(offered)

    async def execution_queues(self, task: type[Any], *, wanted: str = "") -> list[str]:
        """Return the task queues that are polled for tasks of a kind, once it has had time to poll the one wanted.

        Args:
            task: The type of the poll answer.
            wanted: The queue; empty: any.
        """
        deadline = asyncio.get_running_loop().time() + _QUEUE_LIMIT
        while asyncio.get_running_loop().time() < deadline:
            queues = self._frontend.queues_for(task)
            if wanted in queues or (queues and not wanted):
                break
            await asyncio.sleep(0.01)
        return self._frontend.queues_for(task)

    def workflow_started(self, *, since: int) -> rpc.StartWorkflowExecutionRequest | None:
        """Return the last workflow that its code has started since so many were; None where it has started none."""
        return self._frontend.started[-1] if len(self._frontend.started) > since else None

    @property
    def workflows_started(self) -> int:
        """How many workflows its code has started so far."""
        return len(self._frontend.started)

    async def _unless_lost(self, answer: asyncio.Future[_T], what: str) -> _T | Lost:
        assert self._exit is not None
        waiting: set[asyncio.Future[Any]] = {answer, self._exit}
        await asyncio.wait(waiting, timeout=self._program.limit, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        if self._exit.done():
            return Lost(self._exit.result())
        return Lost(f"no answer to {what} within {self._program.limit:g} s")

    async def _polled(self) -> None:
        """Wait until it polls the task queue that is wanted."""
        wanted = self._program.task_queue
        await self._frontend.polled.wait()
        while wanted and wanted not in self._frontend.normal_queues:
            await asyncio.sleep(0.01)

    def _not_polling(self, command: str) -> Exception:
        queues = self._frontend.normal_queues
        wanted = self._program.task_queue
        if queues:
            polled = ", ".join(map(repr, queues))
            return UsageError(f"the worker polls {polled}, but not {wanted!r}{nearest(wanted, queues)}")
        hint = "" if self._program.address else " (if its address is hard-coded, give it with --address)"
        log = self._process.log_tail() if self._process else ""
        return RigError(
            f"{command} did not poll within {READY_LIMIT:g} s: does it connect to TEMPORAL_ADDRESS{hint}?", log=log
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if self._exit:
            self._exit.cancel()
        if process is not None:
            await process.kill()
            self._frontend.forget()

    def _environment(self) -> dict[str, str]:
        program, doors = self._program, self._doors
        paths = [str(_IN_WORKER.parent), program.env.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))]
        given = environment(
            {
                "TEMPORAL_ADDRESS": self._frontend.address,
                "TEMPORAL_NAMESPACE": "default",
                "PYTHONHASHSEED": str(self._hash_seed),
                **({"TEMPORAL_TASK_QUEUE": program.task_queue} if program.task_queue else {}),
                **KEYS,
                "OPENAI_BASE_URL": doors.model_url(_SLOT, worker=1),
                "ANTHROPIC_BASE_URL": doors.anthropic_url(_SLOT, worker=1),
                "EFFECTS_URL": doors.effects_url(_SLOT, worker=1),
                "METRICS_ADDRESS": METRICS_ADDRESS,
                **(self._certificate.environment if self._certificate else {}),
            },
            given=program.env,
        )
        return {**given, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


async def _exit_of(process: Process) -> str:
    status = await process.wait()
    shown = "".join(f"\n  | {line}" for line in process.log_tail().splitlines())
    return f"the worker process exited with status {status}{shown}"
