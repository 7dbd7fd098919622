"""Conditions under which replays must come to the same decisions, and the replay of histories under one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from harness.errors import RigError
from harness.evidence import History
from harness.replay.commands import Command, Decided
from harness.replay.compare import BLOCKED
from harness.replay.runner import ReplayProcess
from harness.replays import Replay, Witness

Order = Literal["forwards", "backwards", "twice"]
DAY = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition that workflow code must not notice.

    Attributes:
        name: What a finding says it depends on: ``hash seed 1``.
        environment: Variables that the process has because of it.
        clock: Seconds by which the wall clock of the process is wrong.
        fresh: Each history is replayed in a process that has replayed nothing before.
        order: In which order the histories come; ``twice``: each is replayed twice in a row and the second time counts.
        watched: Whether calls of non-deterministic functions are witnessed.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    clock: float = 0.0
    fresh: bool = False
    order: Order = "forwards"
    watched: bool = False


_PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def _with(name: str, *, environment: Mapping[str, str] | None = None, **more: Any) -> Condition:
    return Condition(name=name, environment=_PLAIN | dict(environment or {}), **more)


PLAIN = _with("plain")
"""What the others are compared with: histories forwards in one process."""

CONDITIONS: tuple[Condition, ...] = (
    PLAIN,
    *(_with(f"hash seed {seed}", environment={"PYTHONHASHSEED": str(seed)}) for seed in (1, 2, 3)),
    _with("time zone east", environment={"TZ": "XST-14"}),
    _with("time zone west", environment={"TZ": "XST+11"}),
    _with("locale", environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    _with("wall clock", clock=-(400 * DAY + 11.5 * 3600)),
    _with("cold process", fresh=True),
    _with("warm process", order="backwards"),
    _with("twice in a row", order="twice"),
    _with("watched", watched=True),
)
"""All of them. Time zones are written out, so that no time zone database is needed."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of the replay of one history under one condition.

    Attributes:
        condition: Name of the condition.
        verdict: What Temporal's Replayer said.
        blocked: Whether it said that the workflow blocked too long (TMPRL1101): that is load, not non-determinism.
        decided: What each workflow task was answered with, as far as the replay came.
        witnesses: Non-deterministic calls of workflow code, where the condition watches.
        lost: Why the process was lost over this history (it died or took too long), or empty.
    """

    condition: str
    verdict: Replay
    blocked: bool = False
    decided: tuple[Decided, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    lost: str = ""


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """The first decision that is another one under a condition than without it.

    Attributes:
        condition: Name of the condition.
        workflow_task: Id of the WorkflowTaskStarted event.
        plain: The command without the condition; None for none at this place.
        other: The command under the condition; None for none at this place.
        failures: The failure of the workflow task without and with the condition, where it has one.
    """

    condition: str
    workflow_task: int
    plain: Command | None = None
    other: Command | None = None
    failures: tuple[str, str] = ("", "")


def dependence(plain: Replayed, other: Replayed) -> Dependence | None:
    """Return the first decision of one history in which two replays differ, or None.

    Both may differ from the recording in the same way: that is a change of code, and no dependence. Workflow tasks that
    only one of them came to are not compared; the other was stopped before, at a decision that is.
    """
    theirs = {task.started_event_id: task for task in other.decided}
    for task in plain.decided:
        same = theirs.get(task.started_event_id)
        if same is None or _is_blocked(task) or _is_blocked(same):
            continue
        of: dict[str, Any] = {"condition": other.condition, "workflow_task": task.started_event_id}
        for one, two in zip_longest(task.commands, same.commands):
            if one is None or two is None or (one.kind, one.fields) != (two.kind, two.fields):
                return Dependence(**of, plain=one, other=two, failures=(task.failure, same.failure))
        if bool(task.failure) != bool(same.failure):
            return Dependence(**of, failures=(task.failure, same.failure))
    return None


def _is_blocked(task: Decided) -> bool:
    return any(sign in task.failure for sign in BLOCKED)


async def replay_under(
    condition: Condition,
    histories: Sequence[History],
    *,
    modules: Sequence[str] = (),
    cwd: Path,
    logs: Path,
    replayer: str = "",
    data_converter: str = "",
    time_limit: float = 30.0,
) -> AsyncIterator[tuple[History, Replayed]]:
    """Yield what comes of each history, as it comes, in the order in which the condition has them replayed.

    A history over which the process is lost is told so, and the rest goes on in a new process.

    Args:
        condition: The condition.
        histories: The histories.
        modules: Where the workflows are, as for ``ReplayProcess``.
        cwd: Folder in which the process runs.
        logs: Folder for its log.
        replayer: ``module:function`` that returns a ``temporalio.worker.Replayer``, instead of ``modules``.
        data_converter: ``module:attribute`` of the data converter.
        time_limit: Longest time in seconds that one replay may take.

    Raises:
        UsageError: The modules cannot be imported, or hold no workflow.
        RigError: The process did not start.
    """
    rest = list(reversed(histories) if condition.order == "backwards" else histories)
    while rest:
        async with ReplayProcess(
            modules,
            data_converter=data_converter,
            cwd=cwd,
            logs=logs,
            time_limit=time_limit,
            environment=condition.environment,
            setup=_setup(condition, replayer),
        ) as process:
            lost = False
            while rest and not lost:
                history = rest.pop(0)
                found = await _replayed(process, history, condition)
                lost = bool(found.lost)
                yield history, found


def _setup(condition: Condition, replayer: str) -> dict[str, Any]:
    told = {"record": True, "watched": condition.watched, "fresh": condition.fresh, "clock": condition.clock}
    return told | {"replayer": replayer}


async def _replayed(process: ReplayProcess, history: History, condition: Condition) -> Replayed:
    named: dict[str, Any] = {"workflow_id": history.workflow_id, "run_id": history.run_id}
    try:
        if condition.order == "twice":
            await process.told_of(history, aside=True)
        told = await process.told_of(history)
    except RigError as error:
        return Replayed(condition=condition.name, verdict=Replay(**named, failure=str(error)), lost=str(error))
    verdict = {name: told[name] for name in ("failure", "nondeterminism", "skipped") if name in told}
    return Replayed(
        condition=condition.name,
        verdict=Replay(**named, **verdict),
        blocked=told.get("blocked", False),
        decided=tuple(_decided(task) for task in told.get("tasks", ())),
        witnesses=tuple(Witness(**{**each, "stack": tuple(each["stack"])}) for each in told.get("witnesses", ())),
    )


def _decided(told: dict[str, Any]) -> Decided:
    commands = tuple(Command(**each) for each in told["commands"])
    return Decided(started_event_id=told["started_event_id"], commands=commands, failure=told["failure"])
