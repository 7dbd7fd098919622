"""Observes what workflow code answers each activation with, and which line of it issued each command.

How activations map to workflow tasks, measured with temporalio 1.35: an activation's ``history_length`` is the id of
the WorkflowTaskStarted event that it belongs to. One workflow task can take several activations (one more for each
local activity that is resolved in it, for instance), all with the same ``history_length``. Workflow tasks that failed
or timed out in the recording get none: the task that completed stands for them. A last workflow task that is still open
is activated too, and ``is_replaying`` is false there. An eviction is an activation without workflow code and is left
out. When Temporal finds non-determinism it evicts at once: the activation that it did not like is the last one.

Commands are taken as the workflow issued them, before the payload codec: the ones in an encrypted history have to be
decoded before they are compared.
"""

from __future__ import annotations

import asyncio
import functools
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import (
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)

from harness.errors import RigError
from harness.replay.in_process.source_lines import Site, UserCode, site_text
from harness.temporal.run import run_of

_HOOKED = ("activate", "_add_command", "_register_task", "_make_workflow_input")
_ASKED_PER_PAYLOAD = ("get_serialization_context", "get_external_store_context")
_MADE_AT = "_crashproof_made_at"
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
During = Callable[[WorkflowInstanceDetails], AbstractContextManager[Any]]


@dataclass(frozen=True, kw_only=True)
class IssuedCommand:
    """One command as the workflow code issued it.

    Attributes:
        command: The command as SDK core takes it.
        line: ``path.py:123 in run``, the innermost line of user code that issued it; empty where there is none.
        callers: The lines of user code by which it came there, the outermost first.
    """

    command: WorkflowCommand
    line: str
    callers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation of a workflow, the step in which SDK core runs its code, and the commands that came of it.

    Attributes:
        started_event_id: The WorkflowTaskStarted event that it belongs to.
        replaying: Whether SDK core said so; false for the last workflow task of a history that ends in it.
        issued: The commands, in their order.
        failure: Why the workflow code failed the workflow task; empty if it did not.
        line: Where it did, if known.
        flags: The flags of the language's SDK by which its code was run.
    """

    started_event_id: int
    replaying: bool
    issued: tuple[IssuedCommand, ...]
    failure: str = ""
    line: str = ""
    flags: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ObservedReplay:
    """What workflow code answered to the activations in the replay of one history."""

    workflow: str
    run_id: str
    activations: tuple[Activation, ...]

    def tasks(self) -> dict[int, tuple[Activation, ...]]:
        """Return the activations of each workflow task, by the id of its WorkflowTaskStarted event."""
        tasks: dict[int, tuple[Activation, ...]] = {}
        for each in self.activations:
            tasks[each.started_event_id] = (*tasks.get(each.started_event_id, ()), each)
        return tasks


@dataclass(kw_only=True)
class _ObservedRun:
    """What has been observed of one run so far, cheaply: lines and records are made of it once it is asked for."""

    workflow: str
    run_id: str
    activations: list[tuple[int, bool, WorkflowActivationCompletion, list[tuple[Site, ...]], str, Site | None]]

    def observed(self) -> ObservedReplay:
        return ObservedReplay(
            workflow=self.workflow,
            run_id=self.run_id,
            activations=tuple(_activation(*each) for each in self.activations),
        )


def _activation(
    started: int,
    replaying: bool,
    completion: WorkflowActivationCompletion,
    sites: list[tuple[Site, ...]],
    failure: str,
    at: Site | None,
) -> Activation:
    commands = completion.successful.commands
    issued = tuple(_issued(each, stack) for each, stack in zip(commands, sites, strict=False))
    return Activation(
        started_event_id=started,
        replaying=replaying,
        issued=issued,
        failure=failure,
        line=site_text(at),
        flags=frozenset(completion.successful.used_internal_flags),
    )


def _issued(command: WorkflowCommand, stack: tuple[Site, ...]) -> IssuedCommand:
    lines = tuple(dict.fromkeys(map(site_text, stack)))
    return IssuedCommand(command=command, line=lines[-1] if lines else "", callers=lines[:-1])


class CommandObserver:
    """Collects the activations of every workflow that the runners around which it is put run.

    Args:
        during: Makes what is entered, on the workflow's thread, while each activation of an instance with the given
            details runs (a watch for calls); None: nothing.
    """

    def __init__(self, *, during: During | None = None) -> None:
        self.user_code = UserCode()
        self.during = during
        self._kept: list[_ObservedRun] = []
        self._place: dict[str, Any] = {}

    def about(self, events: Sequence[HistoryEvent]) -> None:
        """Give the runs that start from now on the task queue and namespace of these events, as far as they tell.

        The Replayer has names of its own for both, and workflow code that reads ``info()`` or starts an activity on
        its own task queue would decide otherwise than in production. Called before each history.
        """
        task_queue, namespace = run_of(events).task_queue, _namespace(events)
        self._place = {"task_queue": task_queue} if task_queue else {}
        self._place |= {"namespace": namespace} if namespace else {}

    def placed(self, details: WorkflowInstanceDetails) -> WorkflowInstanceDetails:
        """Return details of an instance as they would be where the history was recorded."""
        return replace(details, info=replace(details.info, **self._place)) if self._place else details

    def take(self) -> tuple[ObservedReplay, ...]:
        """Return what was observed since the last call, one for each run that was started, and forget it.

        Called after each history, it holds memory for one of them; a history that the Replayer refused has none.
        """
        kept, self._kept = self._kept, []
        return tuple(each.observed() for each in kept)

    def around(self, runner: WorkflowRunner) -> WorkflowRunner:
        """Return a runner that runs workflows as ``runner`` does and observes them."""
        return _Around(runner, observer=self)

    def observe(self, instance: WorkflowInstance, *, details: WorkflowInstanceDetails) -> WorkflowInstance:
        """Have ``instance`` observed from now on, and return it.

        Raises:
            RigError: The instance is none of Temporal's own: its runner does not run workflows as Temporal does.
        """
        inner = _inner(instance)
        if inner is not instance:
            _ask_directly(instance, inner)
        code = getattr(details.defn.run_fn, "__code__", None)
        if code is not None:
            self.user_code.add_home(code.co_filename)
        kept = _ObservedRun(workflow=details.info.workflow_type, run_id=details.info.run_id, activations=[])
        self._kept.append(kept)
        during = functools.partial(self.during, details) if self.during else nullcontext
        _Hooks(inner, kept=kept, user_code=self.user_code, during=during).attach()
        return instance


class _Around(WorkflowRunner):
    """Any other workflow runner, observed."""

    def __init__(self, runner: WorkflowRunner, *, observer: CommandObserver) -> None:
        self._runner = runner
        self._observer = observer

    def prepare_workflow(self, defn: Any) -> None:
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        placed = self._observer.placed(det)
        return self._observer.observe(self._runner.create_instance(placed), details=placed)

    def set_worker_level_failure_exception_types(self, types: Any) -> None:
        self._runner.set_worker_level_failure_exception_types(types)


def _inner(instance: WorkflowInstance) -> Any:
    """Return the instance that runs the workflow: inside of the sandbox, where there is one."""
    outer: Any = instance
    in_sandbox = getattr(outer, "globals_and_locals", {}).get("__temporal_in_sandbox")
    inner = outer if in_sandbox is None else in_sandbox.instance
    missing = [name for name in _HOOKED if not hasattr(inner, name)]
    if missing:
        raise RigError(
            f"{type(inner).__name__} cannot be recorded: it has no {', '.join(missing)}, as the workflow instances of "
            "temporalio 1.20 to 1.35 have"
        )
    return inner


def _ask_directly(instance: Any, inner: Any) -> None:
    """Have the SDK ask the inner instance itself for what belongs to a payload, not by way of the sandbox.

    It does so several times for each payload, and entering the sandbox takes long. No code of the user takes part.
    """
    for name in _ASKED_PER_PAYLOAD:
        if hasattr(instance, name) and hasattr(inner, name):
            setattr(instance, name, getattr(inner, name))


class _Hooks:
    """The hooks in one workflow instance. They run on the workflow's thread, some in the sandbox."""

    def __init__(
        self,
        instance: Any,
        *,
        kept: _ObservedRun,
        user_code: UserCode,
        during: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._instance = instance
        self._kept = kept
        self._user_code = user_code
        self._during = during
        self._sites: list[tuple[Site, ...]] = []
        self._run_frame: FrameType | None = None
        self._activate, self._add, self._register, self._make_input = (getattr(instance, name) for name in _HOOKED)

    def attach(self) -> None:
        instance = self._instance
        instance.activate = self.activate
        instance._add_command = self.add_command
        instance._register_task = self.register_task
        instance._make_workflow_input = self.make_workflow_input

    def activate(self, activation: WorkflowActivation) -> WorkflowActivationCompletion:
        if any(job.HasField("remove_from_cache") for job in activation.jobs):
            return self._evict(activation)
        self._sites = []
        depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(max(depth, 1))
        try:
            with self._during():
                completion: WorkflowActivationCompletion = self._activate(activation)
        except BaseException as error:
            failure = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            at = self._user_code.raised_at(error.__traceback__)
            self._keep(activation, WorkflowActivationCompletion(), failure=failure, at=at)
            if isinstance(error, Exception):
                raise
            # Python would end the worker process, which then hangs: here it may only end this workflow task.
            raise RuntimeError(f"workflow code raised {failure}, which ends a worker process") from error
        finally:
            sys.set_coroutine_origin_tracking_depth(depth)
        self._keep(activation, completion, failure=_failure(completion), at=self._failed_at(completion))
        return completion

    def _evict(self, activation: WorkflowActivation) -> WorkflowActivationCompletion:
        self._run_frame = None
        completion: WorkflowActivationCompletion = self._activate(activation)
        return completion

    def _failed_at(self, completion: WorkflowActivationCompletion) -> Site | None:
        """Return the innermost user frame of a failed workflow task: of the exception only its text is left."""
        frames = _FRAME.findall(completion.failed.failure.stack_trace)
        users = [(file, int(line), function) for file, line, function in frames if self._user_code.holds(file)]
        return users[-1] if users else None

    def _keep(
        self,
        activation: WorkflowActivation,
        completion: WorkflowActivationCompletion,
        *,
        failure: str,
        at: Site | None,
    ) -> None:
        # A payload codec changes the commands in place once they have left the workflow's thread.
        copy = WorkflowActivationCompletion()
        copy.CopyFrom(completion)
        kept = (activation.history_length, activation.is_replaying, copy, self._sites, failure, at)
        self._kept.activations.append(kept)

    def add_command(self) -> Any:
        command = self._add()
        self._sites.append(self._stack(sys._getframe(1)))
        return command

    def register_task(self, task: asyncio.Task[Any], **named: Any) -> Any:
        setattr(task, _MADE_AT, self._user_code.site(sys._getframe(1)))
        return self._register(task, **named)

    def make_workflow_input(self, job: Any) -> Any:
        """Note the frame of the run method: its line, once it has returned, is that of the ``return``."""
        made = self._make_input(job)
        run = made.run_fn

        @functools.wraps(run)
        async def noted(*args: Any) -> Any:
            running = run(*args)
            self._run_frame = getattr(running, "cr_frame", None)
            return await running

        made.run_fn = noted
        return made

    def _stack(self, caller: FrameType) -> tuple[Site, ...]:
        """Return where a command is issued, its callers first: the line that made its task is the outermost one."""
        stack = self._user_code.sites(caller)
        site = None if stack else self._site_of_end(caller) or self._site_of_task()
        if site:
            return (site,)
        made_at = self._site_of_task()
        return (made_at, *stack) if made_at and stack else stack

    def _site_of_end(self, caller: FrameType) -> Site | None:
        """Return the line of a command that Temporal issues after user code has returned or raised."""
        name = caller.f_code.co_name
        if name == "run_workflow":
            frame, self._run_frame = self._run_frame, None
            return self._user_code.site(frame)
        if name == "_apply_command":
            return self._raised(caller.f_locals.get("self"))
        if name in ("run_update", "_set_workflow_failure", "_run_top_level_workflow_function"):
            return self._raised(caller.f_locals.get("err")) or self._update(caller.f_locals.get("job"))
        return None

    def _update(self, job: Any) -> Site | None:
        """Return where the handler of an update is defined: it is accepted before any line of it runs."""
        updates = self._instance._updates
        update = updates.get(getattr(job, "name", None)) or updates.get(None)
        code = getattr(getattr(update, "fn", None), "__code__", None)
        return None if code is None else (code.co_filename, code.co_firstlineno, code.co_name)

    def _raised(self, error: Any) -> Site | None:
        return self._user_code.raised_at(error.__traceback__) if isinstance(error, BaseException) else None

    def _site_of_task(self) -> Site | None:
        """Return where the coroutine or else the task that runs now was made: gather runs Temporal's own coroutines."""
        task = asyncio.current_task(self._instance) if asyncio._get_running_loop() is self._instance else None
        if task is None:
            return None
        for file, line, function in getattr(task.get_coro(), "cr_origin", None) or ():
            if self._user_code.holds(file):
                return file, line, function
        site: Site | None = getattr(task, _MADE_AT, None)
        return site


def _failure(completion: WorkflowActivationCompletion) -> str:
    if not completion.HasField("failed"):
        return ""
    failure = completion.failed.failure
    return failure.message or failure.application_failure_info.type or "it gives no reason"  # raise MemoryError()


def _namespace(events: Sequence[HistoryEvent]) -> str:
    """Return the namespace that the first event which tells one does: those of children and signals do."""
    for event in events:
        named = event.WhichOneof("attributes")
        namespace = getattr(getattr(event, named), "namespace", "") if named else ""
        if namespace:
            return str(namespace)
    return ""
