"""Conditions under which replays must come to the same decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import UsageError, nearest

DAY = 24 * 3600.0

PREFIX_EVENTS = 100_000
"""Most events that the prefixes of one history may have together; of a longer one, workflow tasks are chosen evenly."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition that workflow code must not notice.

    Conditions of the same environment, clock and freshness share a process, in which they come one after the other.

    Attributes:
        name: What a finding says that it depends on: ``hash seed 1``.
        group: The cause behind it; several conditions can try one cause: ``hash seed``.
        environment: Variables that the process has because of it.
        clock: Seconds by which the wall clock of the process is wrong.
        fresh: Each history is replayed in a process that has replayed nothing before.
        backwards: Whether the histories come in reverse order.
        times: How often each history is replayed in a row; the last one counts.
        watched: Whether calls of non-deterministic functions are witnessed.
        prefixes: Whether each workflow task is asked as the last one of a history that ends there, not replaying.
    """

    name: str
    group: str
    environment: Mapping[str, str] = field(default_factory=dict)
    clock: float = 0.0
    fresh: bool = False
    backwards: bool = False
    times: int = 1
    watched: bool = False
    prefixes: bool = False

    @property
    def process(self) -> tuple[Any, ...]:
        """What tells the processes of conditions apart."""
        return tuple(sorted(self.environment.items())), self.clock, self.fresh


_PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def _with(name: str, group: str = "", *, environment: Mapping[str, str] | None = None, **more: Any) -> Condition:
    return Condition(name=name, group=group or name, environment=_PLAIN | dict(environment or {}), **more)


PLAIN = _with("plain")
"""What the others are compared with: histories forwards in one process."""

CONDITIONS: tuple[Condition, ...] = (
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
"""All of them. Time zones are written out, so that no time zone database is needed."""


def group_of(name: str) -> str:
    """Return the cause that the condition of a name tries."""
    return next(each.group for each in CONDITIONS if each.name == name)


def chosen(names: Sequence[str]) -> tuple[Condition, ...]:
    """Return the plain condition and those of the given names or groups; no name: all.

    Raises:
        UsageError: There is no such condition.
    """
    known = {each.name for each in CONDITIONS} | {each.group for each in CONDITIONS} | {"all"}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no condition {name!r}{nearest(name, known)}; known: {', '.join(sorted(known))}")
    every = not names or "all" in names
    return tuple(each for each in CONDITIONS if every or each is PLAIN or {each.name, each.group} & set(names))
