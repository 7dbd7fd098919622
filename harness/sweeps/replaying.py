"""How the histories of a sweep are replayed: in processes that import the workflow code, or by the worker itself.

Sweeps under way in one folder whose workflow code is the same share the processes, four of them, each of which imports
that code first; and what was replayed for one of them is not replayed again for another. From the second workflow code
on they are forked where they can be, over the whole run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.processes.command import is_installed_here
from harness.processes.forkserver.children import ChildForks
from harness.records.options import SweepOptions
from harness.records.scenario import Scenario, Starter
from harness.replay.compare import accepted_differences
from harness.replay.compare.accepted_differences import AcceptedDifference
from harness.replay.door.standing import StandingDoorReplay
from harness.replay.in_process.matrix import WorkflowCode
from harness.replay.in_process.standing import StandingReplay

_CHECK = "replays"

ACCEPTED = f"What {accepted_differences.FILE} accepts counts as no difference where histories were replayed."

THROUGH_DOOR = (
    "Histories were replayed by the worker itself, through the replay door: it runs with packages that are not "
    "crashproof's own (--skip-check replays leaves that out)."
)


StandsBy = StandingReplay | StandingDoorReplay
"""Replays the histories of trials as they end."""


@dataclass(kw_only=True)
class _Shared:
    """What replays for sweeps under way, and for how many; it ends with the last of them."""

    replay: StandsBy
    sweeps: int = 0
    starting: asyncio.Task[StandsBy] | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def begin(self) -> asyncio.Task[StandsBy]:
        """Start it, unless another sweep has."""
        self.starting = self.starting or asyncio.create_task(self.stack.enter_async_context(self.replay))
        return self.starting

    async def end(self) -> None:
        """End it, however far its start has come."""
        if self.starting:
            self.starting.cancel()
            await asyncio.gather(self.starting, return_exceptions=True)
        await self.stack.aclose()


_under_way: dict[tuple[Any, ...], _Shared] = {}


@asynccontextmanager
async def shared_replay(
    scenario: Scenario, options: SweepOptions, *, run: Path, forks: ChildForks | None = None
) -> AsyncIterator[Callable[[], asyncio.Task[StandsBy]] | None]:
    """Give what starts the replay of a sweep's histories, while the sweep is under way; None: it is not known how.

    It imports the workflow code when it is started, which may raise UsageError or RigError.

    Args:
        scenario: The scenario.
        options: How it is swept.
        run: Folder of the run; logs and decisions go below it.
        forks: Forks processes that import the workflow code, over all sweeps of the run; None: nobody does.
    """
    replay = standing_replay(scenario, options, folder=run / "replay" / scenario.name, forks=forks)
    if replay is None:
        yield None
        return
    key = (run, *(replay.code.key if isinstance(replay, StandingReplay) else (scenario.name,)))
    shared = _under_way.setdefault(key, _Shared(replay=replay))
    shared.sweeps += 1
    try:
        yield shared.begin
    finally:
        shared.sweeps -= 1
        if not shared.sweeps:
            del _under_way[key]
            await shared.end()


def standing_replay(
    scenario: Scenario, options: SweepOptions, *, folder: Path, forks: ChildForks | None = None
) -> StandsBy | None:
    """Return what replays the histories of a sweep; None where it is not known how, or where there are none.

    Args:
        scenario: The scenario.
        options: How it is swept.
        folder: Folder for logs and decisions.
        forks: As for ``shared_replay``.

    Raises:
        UsageError: The file of accepted differences cannot be read.
    """
    if scenario.is_activity:
        return None
    accepted = accepted_here()
    if is_through_door(scenario, options):
        return StandingDoorReplay(
            scenario.worker,
            folder=folder,
            accepted=accepted,
            task_queue=scenario.task_queue,
            env=scenario.env,
            tls=scenario.tls,
            data_converter=scenario.data_converter,
        )
    modules, replayers = _named_code(scenario, options)
    if not modules and not replayers:
        return None
    code = WorkflowCode(
        modules=modules,
        replayers=replayers,
        data_converter=scenario.data_converter,
        cwd=Path.cwd(),
        env=scenario.env,
        worker=scenario.worker,
    )
    return StandingReplay(code, folder=folder, accepted=accepted, forks=forks)


def accepted_here() -> tuple[AcceptedDifference, ...]:
    """Return the differences that the file of the current folder accepts, for replays in sweeps as for all others.

    Raises:
        UsageError: It cannot be read.
    """
    return accepted_differences.load(accepted_differences.FILE) if accepted_differences.FILE.exists() else ()


def is_through_door(scenario: Scenario, options: SweepOptions) -> bool:
    """Tell whether histories are replayed by the worker itself: it has packages of its own, and no code is named.

    Not where no check asks for it, not by one that starts its own work, which finds no server to start it there, and
    not by one with a fixed address, at which the door of a trial stands meanwhile.
    """
    starts_itself = isinstance(scenario.work, Starter) and not scenario.work.command
    named = any(_named_code(scenario, options))
    cannot = named or starts_itself or scenario.address or scenario.is_activity or not _is_judged(scenario)
    return not (cannot or is_installed_here(scenario.worker))


def _is_judged(scenario: Scenario) -> bool:
    """Tell whether anybody asks what a replay comes to."""
    wanted = [each if isinstance(each, str) else each.name for each in scenario.checks]
    return _CHECK not in scenario.skip_checks and (not wanted or _CHECK in wanted)


def _named_code(scenario: Scenario, options: SweepOptions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    replayers = (scenario.replayer,) if scenario.replayer else ()
    return options.workflows or (() if replayers else scenario.work.modules), replayers
