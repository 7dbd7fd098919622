"""A scenario: which worker, what work, which faults, and what must hold. A value, readable as a sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from harness.errors import UsageError
from harness.faults.fault import Need
from harness.records.activity_timeouts import ActivityTimeouts
from harness.records.expectation import Expectation
from harness.records.exploring import Exploring
from harness.records.field_types import hold_types
from harness.records.placeholders import filled_in

TRIAL = "${TRIAL}"
"""What stands in the name of a state for the name of the trial, as effect scripts are told it."""

WAITING = "waiting"
"""When something is sent that is sent once the workflow waits for somebody."""

TIMED = ("start", "then", WAITING)
"""What says when something is sent, and names no point."""

UNTIL_TIMER: Literal["the timer fires"] = "the timer fires"
"""What time can be let pass until."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A workflow, or an activity without one, that crashproof starts itself, once or several times.

    Made by ``start`` and ``start_activity``.

    Attributes:
        workflow: Workflow type; of an activity its type.
        inputs: The arguments of each execution; dataclasses and pydantic models as the data converter takes them.
        times: How often each of them is executed.
        in_sequence: Whether each execution is started when the one before it has ended, on the same worker process;
            else all are started at once.
        id: Workflow id of the first; by default the workflow type followed by ``-run``.
        modules: Modules to import for the Replayer, as ``module`` or ``module:Class``.
        run_timeout: Seconds after which the server ends a run without asking it; 0 for never.
        execution_timeout: The same for all runs together.
        activity: What its start declares where it is an activity that no workflow schedules; None: it is a workflow.
    """

    workflow: str
    inputs: tuple[tuple[Any, ...], ...] = ((),)
    times: int = 1
    in_sequence: bool = False
    id: str = ""
    modules: tuple[str, ...] = ()
    run_timeout: float = 0.0
    execution_timeout: float = 0.0
    activity: ActivityTimeouts | None = None

    def __post_init__(self) -> None:
        hold_types(self)
        if min(self.run_timeout, self.execution_timeout) < 0:
            raise UsageError("a timeout of a workflow is a number of seconds, 0 for none")
        if self.times < 1 or not self.inputs:
            raise UsageError(f"work is executed once or more, not {self.times * len(self.inputs)} times")

    @property
    def side_by_side(self) -> bool:
        """Whether several executions are under way at once."""
        return len(self.inputs) * self.times > 1 and not self.in_sequence

    @property
    def executions(self) -> dict[str, tuple[Any, ...]]:
        """The arguments of each execution by its workflow id: the same in every trial, as workflows may depend on it.

        The first has the id itself, the next ones have ``-2``, ``-3`` and so on after it.
        """
        first = self.id or f"{self.workflow}-run"
        given = [arguments for arguments in self.inputs for _ in range(self.times)]
        return {first if number == 1 else f"{first}-{number}": each for number, each in enumerate(given, 1)}


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A program of the user's own that starts the work through the door. Made by ``started_by``.

    Attributes:
        command: Command line, run once for each trial; empty where the worker's own program starts the work.
        workflow: Type of the workflow to wait for; empty: the first one that is started.
        modules: As in ``Start``.
    """

    command: str = ""
    workflow: str = ""
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        hold_types(self)


@dataclass(frozen=True, kw_only=True)
class Send:
    """What somebody does to the workflow on its way. Made by ``signal``, ``update``, ``cancel`` and so on.

    Where there are several executions of the work it is done to each, at that one's own point.

    Attributes:
        kind: What is sent; ``pass``: nothing, time passes.
        name: Name of the signal, query or update.
        args: Its arguments.
        at: Point id or ``*`` pattern (see ``harness.records.point.comes_to``), sent once, at the first that matches, or
            at the next attempt of it where that one was lost; ``start``: right after the workflow was started;
            ``then``: as soon as the one before it is done; ``waiting``: once nothing of the workflow is under way but
            timers, so that it waits for somebody; where several are, one each time.
        seconds: How much time passes.
        until: What it passes until, in place of that; empty: nothing.
    """

    kind: Literal["signal", "query", "update", "cancel", "pass"]
    name: str = ""
    args: tuple[Any, ...] = ()
    at: str = "start"
    seconds: float = 0.0
    until: Literal["", "the timer fires"] = ""

    def __post_init__(self) -> None:
        hold_types(self)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The sign that a workflow which never ends by itself is over. Made by ``reached``.

    Attributes:
        point: Point id or ``*`` pattern.
        times: How many different points must have matched.
    """

    point: str
    times: int = 1

    def __post_init__(self) -> None:
        hold_types(self)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One worker, one piece of work, the faults it must survive and the checks that judge it.

    Attributes:
        worker: Command line of the worker, unmodified; run in the current directory.
        work: What begins the work: ``start(...)``, ``start_activity(...)`` or ``started_by(...)``.
        task_queue: Task queue the worker polls; empty: the only one that it polls for such work.
        model: Path of the model script (a Python file with ``answer(request)``), relative to the scenario file.
        effects: Path of a Python file with ``answer(effect)`` for effects that need more than the default answer, or
            such paths by the names of services: ``{"payments": "payments.py"}`` is for ``${EFFECTS_URL}/payments`` and
            all below; the name ``""`` is for all others.
        faults: What is done, at every point where it can be done: names of faults, families, or ``all``
            (``crashproof faults`` lists them).
        checks: What must hold: names of checks or checks themselves; empty: the standard ones.
        skip_checks: Names of standard checks that do not apply to this agent.
        sends: Signals, queries and updates sent on the way, and time that passes, in this order.
        over: When a workflow that never ends by itself is over.
        fails: None if the workflow must end well; else the failure type it is expected to end with, ``""`` for any.
        falls_back: Whether, under a fault that no attempt can outlast, the workflow completes with a result of its
            own instead of failing.
        explores: How `crashproof explore` explores it: ``explores(...)``.
        expects: What the work comes to, and what becomes of it where it gives up: ``expects(...)``.
        env: Further environment of the worker and the starter. ``${MODEL_URL}``, ``${EFFECTS_URL}`` and
            ``${TEMPORAL_ADDRESS}`` in a value are filled in (see ``harness.records.placeholders``).
        address: Fixed address that the worker has hard-coded, such as ``localhost:7233``: the door then takes it, and
            trials run one at a time. Empty: the worker reads ``TEMPORAL_ADDRESS``.
        tls: Whether the worker insists on TLS or an API key in its code: the door then speaks TLS, with a certificate
            of its own that the worker is made to trust.
        time_limit: Longest time in seconds that one trial may take, whatever timeouts are declared.
        state: SQLite files, other files or folders that the worker writes to, relative to the folder that it runs in.
            They are read before and after each trial, compared with the undisturbed runs as effects are, and put back.
            Trials that share one run one at a time; one whose name contains ``${TRIAL}`` is the trial's own.
        http_proxy: Whether calls of the world outside go through a door, found by ``HTTP_PROXY`` and ``HTTPS_PROXY``.
        search_attributes: Name and type (``Keyword``, ``Int``, …) of search attributes that the work uses; those that
            are not named are made as soon as a request names them.
        nexus_endpoints: Name and task queue of Nexus endpoints that the work calls; those that are not named are made
            when they are called, where one task queue alone serves Nexus.
        data_converter: ``module:attribute`` of the client's data converter, where it is not the default one.
        replayer: ``module:function`` that returns a ``temporalio.worker.Replayer`` for its histories, where the worker
            has plugins or interceptors; empty: one is made of the workflow's module and the data converter.
        next: Command line of the next version of the worker, by which it is replaced in mid-run and rolled back
            (faults ``next-version`` and ``rolled-back``); ``git:REVISION``: its own command, with the code of that
            revision.
        made_up: Filled in with what crashproof made up to run a worker program that was given alone, in words.
        name: Filled in from the variable that holds it.
        title: Filled in from the docstring of its file.
        file: Filled in when loaded from a file.
    """

    worker: str
    work: Start | Starter
    task_queue: str = ""
    model: str = ""
    effects: str | Mapping[str, str] = ""
    faults: tuple[str, ...] | list[str] = ("kill-worker",)
    checks: tuple[Any, ...] | list[Any] = ()
    skip_checks: tuple[str, ...] = ()
    sends: tuple[Send, ...] | list[Send] = ()
    over: Reached | None = None
    fails: str | None = None
    falls_back: bool = False
    expects: Expectation = field(default_factory=Expectation)
    explores: Exploring = field(default_factory=Exploring)
    env: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    tls: bool = False
    time_limit: float = 120.0
    state: str | tuple[str, ...] | list[str] = ()
    http_proxy: bool = False
    search_attributes: Mapping[str, str] = field(default_factory=dict)
    nexus_endpoints: Mapping[str, str] = field(default_factory=dict)
    data_converter: str = ""
    replayer: str = ""
    next: str = ""
    made_up: str = ""
    name: str = ""
    title: str = ""
    file: str = ""

    def __post_init__(self) -> None:
        hold_types(self)
        filled_in(self.env, {})
        if self.skips_time and isinstance(self.work, Start) and self.work.side_by_side:
            raise UsageError("let_pass lets time pass for one execution: start no others beside it")
        sent = [send.kind for send in self.sends if send.kind != "cancel"]
        if self.is_activity and sent:
            words = f"an activity without a workflow can be cancelled and is sent nothing else, no {sent[0]}"
            raise UsageError(f"{words}: start the workflow that takes it, with start(...) or --workflow")
        if self.sends and self.sends[0].at == "then":
            words = f"{self.sends[0].name or self.sends[0].kind} is to be sent `then`, once what comes before is done"
            raise UsageError(f"{words}, and nothing does: say at which point, or `start`")
        if self.time_limit <= 0:
            raise UsageError(f"Scenario(time_limit={self.time_limit:g}): time_limit must be more than 0 seconds")

    @property
    def needs(self) -> dict[Need, str]:
        """What it needs of the engine that runs the server, and what it needs that for."""
        wanted: dict[Need, str] = {"time skipping": "it lets time pass"} if self.skips_time else {}
        if isinstance(self.work, Start) and self.work.side_by_side:
            wanted["executions side by side"] = "it has several executions under way at once"
        if self.is_activity:
            wanted["activities without a workflow"] = "it starts an activity alone"
        return wanted

    @property
    def is_activity(self) -> bool:
        """Whether its work is an activity that no workflow schedules: there is no history then."""
        return isinstance(self.work, Start) and self.work.activity is not None

    @property
    def effect_services(self) -> dict[str, str]:
        """The paths of the scripts of its effects, by the names of services; the name of a script for all is empty."""
        named = {"": self.effects} if isinstance(self.effects, str) else self.effects
        return {name.strip("/"): file for name, file in named.items() if file}

    @property
    def states(self) -> tuple[str, ...]:
        """The files and folders of its state, as they are named."""
        named = (self.state,) if isinstance(self.state, str) else self.state
        return tuple(name for name in named if name)

    def states_of(self, trial: str) -> tuple[Path, ...]:
        """Return the files and folders of its state in a trial, as absolute paths."""
        return tuple(Path.cwd() / name.replace(TRIAL, trial) for name in self.states)

    @property
    def skips_time(self) -> bool:
        """Whether it lets time pass, which not every engine can."""
        return any(send.kind == "pass" for send in self.sends)


def start(
    workflow: str | Callable[..., Any] | type,
    *args: Any,
    inputs: Sequence[Sequence[Any]] = (),
    executions: int = 1,
    in_sequence: bool = False,
    id: str = "",
    run_timeout: float = 0.0,
    execution_timeout: float = 0.0,
) -> Start:
    """Start a workflow, named by type, class or run method.

    Args:
        workflow: The workflow.
        args: Its arguments.
        inputs: In place of them the arguments of several executions: ``[("Ann",), ("Bob",)]``.
        executions: How often the same is started, with different ids; each execution is judged.
        in_sequence: Whether each is started when the one before it has ended; else all are started at once.
        id: Workflow id; that of a second execution has ``-2`` after it.
        run_timeout: Seconds after which the server ends a run without asking it; 0 for never.
        execution_timeout: The same for all runs together.

    Raises:
        UsageError: What is given is no workflow, or there are arguments and inputs.
    """
    if args and inputs:
        raise UsageError("give the arguments of one execution, or the inputs of several")
    given: dict[str, Any] = {"inputs": tuple(map(tuple, inputs)) or (args,), "times": executions, "id": id}
    given["in_sequence"] = in_sequence
    given |= {"run_timeout": run_timeout, "execution_timeout": execution_timeout}
    if isinstance(workflow, str):
        return Start(workflow=workflow, **given)
    owner = workflow if isinstance(workflow, type) else _owner(workflow)
    definition = getattr(owner, "__temporal_workflow_definition", None)
    if owner is None or definition is None or not definition.name:
        raise UsageError(f"{workflow!r} is no workflow: give its type name, its class, or its run method")
    return Start(workflow=definition.name, modules=(f"{owner.__module__}:{owner.__qualname__}",), **given)


def started_by(command: str, *, workflow: str = "", modules: tuple[str, ...] = ()) -> Starter:
    """Let a program of the user's own start the work through the door; it may go on waiting for the result."""
    return Starter(command=command, workflow=workflow, modules=modules)


def started_by_worker(*, workflow: str = "", modules: tuple[str, ...] = ()) -> Starter:
    """Say that the worker's own program starts the work.

    Started again after a strike, it is answered what it asks again as before: its workflow is started once, and what it
    sends is sent once.
    """
    return Starter(workflow=workflow, modules=modules)


def signal(name: str, *args: Any, at: str = "start") -> Send:
    """Send a signal while a point is held."""
    return Send(kind="signal", name=name, args=args, at=at)


def query(name: str, *args: Any, at: str) -> Send:
    """Send a query while a point is held; its answer goes on the tape."""
    return Send(kind="query", name=name, args=args, at=at)


def update(name: str, *args: Any, at: str = "start") -> Send:
    """Send an update while a point is held, and wait only until the server has it."""
    return Send(kind="update", name=name, args=args, at=at)


def cancel(*, at: str = "start") -> Send:
    """Ask for the cancellation of the workflow while a point is held."""
    return Send(kind="cancel", at=at)


def let_pass(
    *,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    until: str = "",
    at: str = "then",
) -> Send:
    """Let time pass once the workflow has nothing under way, whichever engine runs it.

    An engine that cannot skip time makes the scenario not applicable there.

    Args:
        days: How much time passes, with ``hours``, ``minutes`` and ``seconds``.
        hours: See ``days``.
        minutes: See ``days``.
        seconds: See ``days``.
        until: In place of a time ``"the timer fires"``: until the first timer does that the workflow has started.
        at: When it begins to pass: a point, or ``then``, once what is sent before it is done.

    Raises:
        UsageError: No time is given, or a time and what it passes until.
    """
    given = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if until:
        if given or until != UNTIL_TIMER:
            raise UsageError(
                f"let_pass takes a time, or until={UNTIL_TIMER!r}, not until={until!r}"
                + (f" and {given}" if given else "")
            )
        return Send(kind="pass", at=at, until=UNTIL_TIMER)
    if given <= timedelta():
        raise UsageError(f"let_pass lets time pass forwards: give days, hours, minutes or seconds, not {given}")
    return Send(kind="pass", at=at, seconds=given.total_seconds())


def reached(point: str, *, times: int = 1) -> Reached:
    """Say that the workflow is over when so many different points that match have been reached."""
    return Reached(point=point, times=times)


def _owner(method: Callable[..., Any]) -> Any:
    owner: Any = sys.modules.get(getattr(method, "__module__", ""))
    for name in getattr(method, "__qualname__", "").split(".")[:-1]:
        owner = getattr(owner, name, None)
    return owner
