"""Conditions under which workflow code must decide the same: hash seed, time zone, what its process has run before.

Each of the two ways to replay, in process and through the door, has its own list of them; the first one of a list is
the reference that the others are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.errors import UsageError, nearest

DAY = 24 * 3600.0

PREFIX_EVENTS = 100_000
"""Most events that the prefixes of one history may have together; of a longer one, workflow tasks are chosen evenly."""

Mode = Literal["cold", "warm", "rest"]
"""How a worker behind the door is asked for workflow tasks. ``cold``: it gets the whole history up to the task, with
nothing of the run in its cache. ``warm``: it has answered the tasks before and gets only the new events, on its own
sticky queue. ``rest``: as cold, but only those tasks that no mode before could ask."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition that workflow code must not notice.

    Conditions of the same environment, clock and freshness share a process, in which they come one after the other.

    Attributes:
        name: What a finding says that it depends on: ``hash seed 1``.
        group: The cause behind it; several conditions can try one cause: ``hash seed``.
        environment: Variables that the process has because of it.
        backwards: Whether the histories come in reverse order.
        clock: Seconds by which the wall clock of the process is wrong; this and what follows, up to ``prefixes``, is
            for replays in process only.
        fresh: Each history is replayed in a process that has replayed nothing before.
        times: How often each history is replayed in a row; the last one counts.
        watched: Whether calls of non-deterministic functions are watched for.
        prefixes: Whether each workflow task is asked as the last one of a history that ends there, not replaying.
        modes: How a worker behind the door is asked for the workflow tasks of each history.
    """

    name: str
    group: str
    environment: Mapping[str, str] = field(default_factory=dict)
    backwards: bool = False
    clock: float = 0.0
    fresh: bool = False
    times: int = 1
    watched: bool = False
    prefixes: bool = False
    modes: Sequence[Mode] = ("warm", "rest")

    @property
    def process(self) -> tuple[Any, ...]:
        """What tells the processes of conditions apart."""
        return tuple(sorted(self.environment.items())), self.clock, self.fresh

    @property
    def fits_beside_worker(self) -> bool:
        """Whether what is forked where workers are can make it: it is another hash seed, and a time zone at most."""
        changed = _changed(self).keys()
        return "PYTHONHASHSEED" in changed and changed <= {"PYTHONHASHSEED", "TZ"} and not (self.clock or self.fresh)


_PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def _with(name: str, group: str = "", *, environment: Mapping[str, str] | None = None, **more: Any) -> Condition:
    return Condition(name=name, group=group or name, environment=_PLAIN | dict(environment or {}), **more)


PLAIN = _with("plain")
"""The reference of replays in process: histories forwards in one process."""

IN_PROCESS: tuple[Condition, ...] = (
    PLAIN,
    _with("warm process", "process", backwards=True),
    _with("twice in a row", "process", times=2),
    _with("every prefix", prefixes=True),
    _with("watched", "process", watched=True),
    _with("cold process", "process", fresh=True),
    *(_with(f"hash seed {seed}", "hash seed", environment={"PYTHONHASHSEED": str(seed)}) for seed in (1, 2, 3)),
    _with("time zone east", "time zone", environment={"TZ": "XST-14"}),
    _with("time zone west", "time zone", environment={"TZ": "XST+11"}),
    _with("locale", environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    _with("wall clock", clock=-(400 * DAY + 11.5 * 3600)),
)
"""Those of replays in process. Time zones are written out, so that no time zone database is needed."""

IN_SWEEP: tuple[Condition, ...] = tuple(each for each in IN_PROCESS if not (each.backwards or each.times > 1))
"""Those that each distinct history of a sweep is replayed under. The processes that do it stay for as long as the sweep
takes, so that the plain one is warm from other histories by itself, and the watched replay is the second in a row."""

EACH_TIME = "each replay"
"""Group of what is asked under equal conditions: a decision that differs there depends on none of them."""

AGAIN: tuple[Condition, ...] = tuple(_with(f"again {number}", EACH_TIME, fresh=True) for number in range(1, 9))
"""Asked of a history that decided otherwise under some condition: equal processes that have replayed nothing before.
Of two equally likely decisions one that is drawn anew comes eight times alike in one of 128 cases."""

WARM = _with("warm")
"""The reference of replays through the door: a process asked for one task after the other, as in production, which has
done nothing before. What cannot be asked so is asked cold."""

COLD = _with("cold", "worker's cache of workflows", modes=("cold",))
"""Each workflow task with the whole history before it, nothing of the run in the worker's cache."""

THROUGH_DOOR: tuple[Condition, ...] = (
    WARM,
    COLD,
    *(each for each in IN_PROCESS if each.name in ("hash seed 1", "time zone east", "locale")),
    *(replace(each, modes=("cold",)) for each in IN_PROCESS if each.name == "warm process"),
)
"""Those of replays through the door: beside ``warm`` and ``cold`` the ones of replays in process that an environment
makes, and ``warm process``, where the process has replayed the histories before."""


IN_SWEEP_THROUGH_DOOR: tuple[Condition, ...] = tuple(each for each in THROUGH_DOOR if not each.backwards)
"""Those that each distinct history of a sweep is handed out under, to a worker whose packages are not crashproof's."""


def chosen_conditions(
    names: Sequence[str], *, of: Sequence[Condition] = IN_PROCESS, always: Sequence[Condition] = (PLAIN,), way: str = ""
) -> tuple[Condition, ...]:
    """Return the conditions of the given names or groups, and those that are always among them; no name: all.

    Args:
        names: Names and groups; ``all`` stands for all.
        of: The conditions of one way to replay.
        always: Those that need no naming.
        way: Words of an error that say which way that is: ``with --worker ``.

    Raises:
        UsageError: There is no such condition.
    """
    known = {each.name for each in of} | {each.group for each in of} | {"all"}
    for name in names:
        if name not in known:
            hint, listed = nearest(name, known), ", ".join(sorted(known))
            raise UsageError(f"{way}there is no condition {name!r}{hint}; known: {listed}")
    every = not names or "all" in names
    return tuple(each for each in of if every or each in always or {each.name, each.group} & set(names))


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Conditions that one process makes together, to save a process for each: mostly, none of them changes anything.

    What a history decides under all of them at once is what it decides under each, if it is what it decides under
    none: no two of them undo each other, since no two have to do with the same thing. If it is something else, each
    is tried alone.

    Attributes:
        condition: All of them as one.
        parts: The conditions; a single one is the condition itself.
    """

    condition: Condition
    parts: tuple[Condition, ...]


def mixes(conditions: Sequence[Condition]) -> tuple[Mix, ...]:
    """Put conditions together as far as they do not contradict each other; the first one stays alone."""
    mixed: list[list[Condition]] = []
    alone: list[Condition] = []
    for each in conditions:
        if each.process == PLAIN.process or each in conditions[:1]:
            alone.append(each)
            continue
        fitting = next((parts for parts in mixed if all(_fit(each, part) for part in parts)), None)
        if fitting is None:
            mixed.append([each])
        else:
            fitting.append(each)
    return (*(Mix(condition=each, parts=(each,)) for each in alone), *(_mix(parts) for parts in mixed))


def _fit(one: Condition, other: Condition) -> bool:
    return not (_changed(one).keys() & _changed(other).keys()) and not (one.clock and other.clock)


def _changed(condition: Condition) -> dict[str, str]:
    return {name: value for name, value in condition.environment.items() if _PLAIN.get(name) != value}


def _mix(parts: Sequence[Condition]) -> Mix:
    if len(parts) == 1:
        return Mix(condition=parts[0], parts=(parts[0],))
    changed = {name: value for part in parts for name, value in _changed(part).items()}
    condition = _with(
        ", ".join(part.name for part in parts),
        environment=changed,
        clock=sum(part.clock for part in parts),
        fresh=any(part.fresh for part in parts),
    )
    return Mix(condition=condition, parts=tuple(parts))
