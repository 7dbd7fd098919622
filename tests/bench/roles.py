"""What each process of a run is for, and the CPU-seconds of each role: pure functions over sampled processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

WORKER_MODULE = "scenarios.research.worker"


class Role(StrEnum):
    """What a process of a run is for; the text names it in the table."""

    SERVER = "server"
    WORKER = "worker processes"
    FORK_SERVER = "fork servers"
    CRASHPROOF = "crashproof's own process"
    HTTP_DOORS = "the process of the HTTP doors"
    REPLAY = "replay"
    OTHER = "other programs, and what ended between two samples"


CRASHPROOF_ITSELF = (Role.CRASHPROOF, Role.HTTP_DOORS)


class ProcessKey(NamedTuple):
    """What tells a process from all others since boot: an id is used again, with another start time."""

    pid: int
    started: int


@dataclass(frozen=True, kw_only=True)
class SampledProcess:
    """One process as the last sample that saw it shows it.

    Attributes:
        parent: The process that started it; None for the root, which is crashproof's own.
        command: Its command line, of the program that it became.
        own: CPU-seconds of its threads.
        waited_for: CPU-seconds of its children that ended and were waited for, with what those had waited for.
        ended: Whether a later sample no longer saw it.
    """

    parent: ProcessKey | None
    command: tuple[str, ...]
    own: float
    waited_for: float
    ended: bool = False


Processes = Mapping[ProcessKey, SampledProcess]


def role_of(key: ProcessKey, processes: Processes) -> Role:
    """Return what a process is for: by its command line if crashproof started it, by who started it otherwise."""
    process = processes[key]
    if process.parent is None:
        return Role.CRASHPROOF
    started_by = role_of(process.parent, processes)
    if _is_keeper(processes[process.parent].command):
        return started_by  # named by the command that it keeps
    if started_by is not Role.CRASHPROOF:
        return _role_of_children(started_by)
    if process.command == processes[process.parent].command:
        return Role.CRASHPROOF  # it has forked and not become its program yet
    return _named_by(process.command)


def cpu_seconds(processes: Processes) -> dict[Role, float]:
    """Return the CPU-seconds of each role.

    A process is last sampled some time before its end, and one that lives shortly may never be. What they used unseen
    is in what their parent waited for, beyond what was sampled of its children. A fork server's is of workers, and so
    is what replays there, a quarter of a CPU-second in two processes each; of which of crashproof's own children it is,
    is not known.
    """
    seconds = dict.fromkeys(Role, 0.0)
    children = _children(processes)
    unseen = {key: process.waited_for for key, process in processes.items()}
    for key, process in processes.items():
        if process.ended and process.parent is not None:
            unseen[process.parent] -= _whole(key, processes, children)
    for key, process in processes.items():
        role = role_of(key, processes)
        seconds[role] += process.own
        seconds[_role_of_children(role)] += max(unseen[key], 0.0)
    return seconds


def starts(processes: Processes) -> Counter[Role]:
    """Return how many processes of each role there were, without those that a process of the same role started."""
    roles = {key: role_of(key, processes) for key in processes}
    parents = {key: process.parent for key, process in processes.items()}
    return Counter(role for key, role in roles.items() if (parent := parents[key]) is None or roles[parent] is not role)


def _children(processes: Processes) -> dict[ProcessKey, list[ProcessKey]]:
    children: dict[ProcessKey, list[ProcessKey]] = {key: [] for key in processes}
    for key, process in processes.items():
        if process.ended and process.parent is not None:
            children[process.parent].append(key)
    return children


def _whole(key: ProcessKey, processes: Processes, children: Mapping[ProcessKey, Sequence[ProcessKey]]) -> float:
    """Return what an ended process used with all that it waited for, which may have ended after its last sample."""
    below = sum(_whole(child, processes, children) for child in children[key])
    return processes[key].own + max(processes[key].waited_for, below)


def _is_keeper(command: Sequence[str]) -> bool:
    return any(word.endswith("/processes/keeper.py") for word in command)


def _named_by(command: Sequence[str]) -> Role:
    """Return the role of a program that crashproof starts; its keeper's command line ends with the program's."""
    if "start-dev" in command:
        return Role.SERVER
    if "harness.doors.http.server" in command:
        return Role.HTTP_DOORS
    if WORKER_MODULE in command:
        return Role.WORKER
    if any(word.startswith("harness.replay.in_process.") for word in command):
        return Role.REPLAY
    if any(word.endswith("/forkserver/child.py") for word in command):
        return Role.FORK_SERVER
    return Role.OTHER


def _role_of_children(role: Role) -> Role:
    return {Role.FORK_SERVER: Role.WORKER, Role.CRASHPROOF: Role.OTHER}.get(role, role)
