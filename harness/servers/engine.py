"""The engines that run a server, and what each of them can do: tried on each, not read."""

from __future__ import annotations

import functools
import importlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import extensions
from harness.errors import UsageError, nearest
from harness.faults.fault import Need
from harness.servers.binaries import TEMPORAL, TEST_SERVER
from harness.servers.candidates import BinaryKind

if TYPE_CHECKING:
    from harness.servers.lifecycle import Server

TIME_SKIPPING_SINCE = (1, 32)
"""The first version of the Temporal server, major and minor, that skips time by workflow: Temporal CLI 1.9 has it.

It takes activities without a workflow, too; server 1.29 does not.
"""

_NEW: frozenset[Need] = frozenset({"time skipping", "activities without a workflow"})
"""What the engine ``dev`` has from that version on."""

_ALWAYS: frozenset[Need] = frozenset(
    {
        *("persistence", "restart", "acceleration", "reset", "schedules"),
        *("executions side by side", "requests known by their ids"),
    }
)
"""What the engine ``dev`` has in each version."""

_SERVER = re.compile(r"temporal version \S+ \(Server (\d+)\.(\d+)")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine and what it can do. Tests hold each entry against the running server.

    Attributes:
        name: As in ``--engine``.
        title: What it is called in messages.
        binary: The program that it runs.
        module: Name of the module that runs it: its function ``server(binary, *, folder, skips_time)`` makes a server.
        needs: What a scenario or a fault may need of it and it has.
        own_clocks: Whether each workflow has a clock of its own, so that trials that share a server do not move one
            another's time. Without them each trial needs a server of its own.
        makes_namespaces: Whether a namespace has to be made (RegisterNamespace); else any name can be used.
        lists_workflows: Whether ListWorkflowExecutions works (visibility).
        always_skips: Whether time is skipped on it even in scenarios that let none pass: it has no other use.
        remedy: What helps where it lacks something only since its server is too old, or an empty text.
    """

    name: str
    title: str
    binary: BinaryKind
    module: str
    needs: frozenset[Need]
    own_clocks: bool
    makes_namespaces: bool = True
    lists_workflows: bool = True
    always_skips: bool = False
    remedy: str = ""

    @property
    def skips_time(self) -> bool:
        """Whether it can skip time."""
        return "time skipping" in self.needs

    def server(self, binary: Path, *, folder: Path) -> Server:
        """Make a server, to be started with ``async with``; what it keeps goes into a folder."""
        # The module is imported here and not above, for the command line asks only what engines there are.
        made: Server = importlib.import_module(self.module).server(binary, folder=folder, skips_time=self.skips_time)
        return made

    def lacks(self, *needs: Need) -> str:
        """Return why something with these needs is not applicable here, or an empty text."""
        missing = [need for need in needs if need not in self.needs]
        if not missing:
            return ""
        able = sorted(engine.name for engine in engines().values() if engine.needs.issuperset(needs))
        lack = f"the engine `{self.name}` ({self.title}) has no {' and no '.join(missing)}"
        if self.remedy:
            return f"{lack}; {self.remedy}"
        return f"{lack}; {' and '.join(f'`{name}`' for name in able)} can" if able else lack


_OWN = (
    Engine(
        name="dev",
        title="the development server of the Temporal CLI",
        binary=TEMPORAL,
        module="harness.servers.dev",
        needs=frozenset({*_ALWAYS, *_NEW}),
        own_clocks=True,
    ),
    Engine(
        name="time-skipping",
        title="the SDK's test server, in memory",
        binary=TEST_SERVER,
        module="harness.servers.time_skipping",
        needs=frozenset({"time skipping"}),
        own_clocks=False,
        makes_namespaces=False,
        lists_workflows=False,
        always_skips=True,
    ),
)
"""The engines of crashproof itself, with the newest server of each.

Measured with CLI 1.5.1 (server 1.29.1), CLI 1.9.1 (server 1.32.0) and test server 1.40.0. The test server answers 31 of
123 RPCs: starts, polls, responses, heartbeats, signals, queries, updates, cancellation, termination, the history with a
long poll for the close event, and DescribeWorkflowExecution with pending activities.
It has no RegisterNamespace (any name can be used, and namespaces do not see each other), no ResetStickyTaskQueue, no
UpdateActivityOptions, no ResetWorkflowExecution, no StartActivityExecution, no lists but those of open and closed
workflows, no batch operations and no schedules. A workflow task that nobody polls, an activity under way, and even an
activity whose workflow was terminated under it, stop its one clock for every namespace: so a server of its own for each
trial. Where two workflows are under way at once, the end of one lets that clock skip under a workflow task of the
other, which times out. A workflow task on the sticky task queue of a worker that is gone stays there for good. A signal
that comes twice with one request id is in the history twice. Every workflow has an execution timeout of ten years, and
the completion of an update does not say with which event it was accepted.
"""


@functools.cache
def engines() -> dict[str, Engine]:
    """Return all engines by name: crashproof's own, then those of extensions."""
    added = extensions.values_in(extensions.installed("engines"), Engine)
    return extensions.by_name((*_OWN, *added), what="engines")


def engine(name: str) -> Engine:
    """Return the engine of that name, as it is with the newest server.

    Raises:
        UsageError: There is none.
    """
    known = engines()
    if name not in known:
        raise UsageError(f"unknown engine {name!r}: there are {', '.join(known)}{nearest(name, known)}")
    return known[name]


def engine_with(name: str, *, version: str) -> Engine:
    """Return the engine of that name as it is with the server that is there: an older one can do less.

    Args:
        name: Name of the engine.
        version: The version that its binary prints, as ``temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)``.

    Raises:
        UsageError: There is no such engine.
    """
    newest = engine(name)
    server = server_version(version)
    if not newest.own_clocks or not newest.skips_time or server >= TIME_SKIPPING_SINCE:
        return newest
    shown = ".".join(map(str, server)) if server else "of unknown version"
    since = ".".join(map(str, TIME_SKIPPING_SINCE))
    return replace(
        newest,
        title=f"{newest.title}, server {shown}",
        needs=newest.needs - _NEW,
        remedy=f"server {since} and later can, which the Temporal CLI has from 1.9 on: "
        "run `pip install 'crashproof[server]'`, or name one with --temporal",
    )


def server_version(version: str) -> tuple[int, ...]:
    """Return major and minor version of the server in a Temporal CLI; of a version that does not tell it, nothing."""
    match = _SERVER.match(version)
    return tuple(int(part) for part in match.groups()) if match else ()
