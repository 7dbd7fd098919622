"""How the histories of a sweep are replayed: in processes that import the workflow code, or by the worker itself."""

from __future__ import annotations

from pathlib import Path

from harness.processes.command import is_installed_here
from harness.records.options import SweepOptions
from harness.records.scenario import Scenario, Starter
from harness.replay.door.standing import StandingDoorReplay
from harness.replay.in_process.matrix import WorkflowCode
from harness.replay.in_process.standing import StandingReplay

THROUGH_DOOR = (
    "Histories were replayed by the worker itself, through the replay door: it runs with packages that are not "
    "crashproof's own."
)


def standing_replay(
    scenario: Scenario, options: SweepOptions, *, folder: Path
) -> StandingReplay | StandingDoorReplay | None:
    """Return what replays the histories of a sweep; None where it is not known how.

    Args:
        scenario: The scenario.
        options: How it is swept.
        folder: Folder for logs and decisions.
    """
    if is_through_door(scenario, options):
        return StandingDoorReplay(
            scenario.worker,
            folder=folder,
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
    )
    return StandingReplay(code, folder=folder)


def is_through_door(scenario: Scenario, options: SweepOptions) -> bool:
    """Tell whether histories are replayed by the worker itself: it has packages of its own, and no code is named.

    Not by one that starts its own work, which finds no server to start it there, and not by one with a fixed address,
    at which the door of a trial stands meanwhile.
    """
    starts_itself = isinstance(scenario.work, Starter) and not scenario.work.command
    named = any(_named_code(scenario, options))
    return not (named or starts_itself or scenario.address or is_installed_here(scenario.worker))


def _named_code(scenario: Scenario, options: SweepOptions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    replayers = (scenario.replayer,) if scenario.replayer else ()
    return options.workflows or (() if replayers else scenario.work.modules), replayers
