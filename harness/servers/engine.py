"""The engines that run a server, and what each of them can do: tried on each, not read."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import UsageError, nearest
from harness.faults.fault import Need


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine and what it can do. Tests hold each entry against the running server.

    Attributes:
        name: As in ``--engine``.
        title: What it is called in messages.
        needs: What a scenario or a fault may need of it and it has.
        own_clocks: Whether each workflow has a clock of its own, so that trials that share a server do not move one
            another's time. Without them each trial needs a server of its own.
        makes_namespaces: Whether a namespace has to be made (RegisterNamespace); else any name can be used.
        lists_workflows: Whether ListWorkflowExecutions works (visibility).
    """

    name: str
    title: str
    needs: frozenset[Need]
    own_clocks: bool
    makes_namespaces: bool = True
    lists_workflows: bool = True

    def lacks(self, *needs: Need) -> str:
        """Return why something with these needs is not applicable here, or an empty text."""
        missing = [need for need in needs if need not in self.needs]
        able = sorted(engine.name for engine in ENGINES.values() if engine.needs.issuperset(needs))
        if not missing:
            return ""
        where = f"; {' and '.join(f'`{name}`' for name in able)} can" if able else ""
        return f"the engine `{self.name}` ({self.title}) has no {' and no '.join(missing)}{where}"


ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            name="dev",
            title="the development server of the Temporal CLI",
            needs=frozenset({"persistence", "restart", "acceleration"}),
            own_clocks=True,
        ),
        Engine(
            name="full",
            title="the full server, persisted",
            needs=frozenset({"persistence", "restart", "time skipping", "acceleration"}),
            own_clocks=True,
        ),
        Engine(
            name="time-skipping",
            title="the Java test server, in memory",
            needs=frozenset({"time skipping"}),
            own_clocks=False,
            makes_namespaces=False,
            lists_workflows=False,
        ),
    )
}
"""All engines by name.

Measured with CLI 1.5.1 (server 1.29.1), server 1.32.0 and test server 1.32.1. The test server answers 31 of 123 RPCs:
starts, polls, responses, heartbeats, signals, queries, updates, cancellation, termination, the history with a long poll
for the close event, and DescribeWorkflowExecution with pending activities.
It has no RegisterNamespace (any name can be used, and namespaces do not see each other), no ResetStickyTaskQueue, no
UpdateActivityOptions, no ResetWorkflowExecution, no lists but those of open and closed workflows, no batch operations
and no schedules. A workflow task that nobody polls, an activity under way, and even an activity whose workflow was
terminated under it, stop its one clock for every namespace: so a server of its own for each trial.
"""


def engine(name: str) -> Engine:
    """Return the engine of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in ENGINES:
        raise UsageError(f"unknown engine {name!r}: there are {', '.join(ENGINES)}{nearest(name, ENGINES)}")
    return ENGINES[name]
