"""Strict replay of recorded histories against the workflow code of today, and what of its differences is accepted."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.app.progress import Tell
from harness.errors import UsageError
from harness.histories.files import history_files
from harness.processes import scratch
from harness.records.replay_result import ReplayResult
from harness.records.sweep_result import News
from harness.replay.compare import accepted_differences as differences
from harness.replay.compare import accepted_paths
from harness.replay.compare.accepted_differences import AcceptedDifference
from harness.replay.in_process.matrix import WorkflowCode
from harness.replay.strict import DoorWorker, replay_all

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ReplayOrder:
    """Which histories to replay, and against what: a worker, or workflow code in processes of its own.

    Attributes:
        paths: Files, folders and patterns of histories, and evidence folders of runs.
        worker: Command line of a worker, unmodified; empty to replay in processes of crashproof's own.
        task_queue: Task queue of the worker, if not that of the recording.
        env: Further environment of the worker, or of the processes that replay its code.
        address: Address that the worker has hard-coded.
        tls: Whether the worker insists on TLS, so that the door has to speak it.
        modules: Workflow code: ``module`` or ``module:Class``.
        replayers: Each ``module:function`` that returns a ``temporalio.worker.Replayer``.
        data_converter: ``module:attribute`` of the data converter, if it is not the default one.
        conditions: Names of conditions or of their groups; none: all.
        jobs: How many processes replay at a time; 0: one for each processor.
        time_limit: Longest time in seconds that one replay may take.
        memory: Most memory in MiB that a process which replays workflow code may have.
        largest: Most a history may be, in MiB.
        cwd: Folder that paths begin in, and from which the code is imported.
    """

    paths: Sequence[str]
    worker: str = ""
    task_queue: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    tls: bool = False
    modules: Sequence[str] = ()
    replayers: Sequence[str] = ()
    data_converter: str = ""
    conditions: Sequence[str] = ()
    jobs: int = 0
    time_limit: float = 30.0
    memory: int = 4096
    largest: int = 256
    cwd: Path


@dataclass(frozen=True, kw_only=True)
class AcceptedDifferences:
    """The differences that are accepted, and the file that says so."""

    file: Path
    entries: tuple[AcceptedDifference, ...] = ()


async def replay(request: ReplayOrder, *, tell: Tell) -> ReplayResult:
    """Replay histories; every difference from the recording is a finding yet, be it accepted or not.

    Args:
        request: Which, and against what.
        tell: Called with how far it is.

    Raises:
        UsageError: The paths name nothing, or the code or the worker cannot be used; its log is kept if it is named.
        RigError: A process did not start.
    """
    against = _against(request)
    files = await asyncio.to_thread(history_files, request.paths, cwd=request.cwd)
    if not files:
        raise UsageError(f"no history lies in {', '.join(request.paths)}")
    folder = scratch.new_folder("replay")
    try:
        return await replay_all(
            files,
            against=against,
            folder=folder,
            conditions=request.conditions,
            jobs=request.jobs,
            largest=request.largest * _MEBIBYTE,
            time_limit=request.time_limit,
            tell=lambda text, done, total: tell(News(scenario="replay", text=text, done=done, total=total)),
        )
    except UsageError as error:
        if str(folder) in str(error):
            scratch.keep(folder)
        raise
    finally:
        scratch.remove(folder)


def accepted_differences(file: Path | None, *, needed: bool, path: str | None = None) -> AcceptedDifferences:
    """Return the differences that are accepted: asked before a replay, what is wrong with the file is said at once.

    Args:
        file: The file; None for the one that is looked for in the current folder.
        needed: Whether a file that is named has to be there.
        path: Path of differences that are about to be accepted.

    Raises:
        UsageError: It is missing, or cannot be read, or the path is none.
    """
    if path is not None:
        accepted_paths.checked(path)
    if file and needed and not file.exists():
        raise UsageError(f"there is no file {file} of accepted differences")
    place = file or differences.FILE
    return AcceptedDifferences(file=place, entries=differences.load(place) if place.exists() else ())


def accept(
    result: ReplayResult, accepted: AcceptedDifferences, *, reason: str, until: datetime.date | None
) -> AcceptedDifferences:
    """Write every difference that a replay showed into the file of accepted ones, and return what it holds then.

    Args:
        result: What the replay came to.
        accepted: What is accepted already.
        reason: Why; without one they are not in force.
        until: The last day on which they are; None: for good.

    Raises:
        UsageError: The file cannot be written.
    """
    entries = differences.merged(accepted.entries, result.histories, reason=reason, until=until)
    differences.save(accepted.file, entries)
    return AcceptedDifferences(file=accepted.file, entries=entries)


def accept_path(
    path: str, accepted: AcceptedDifferences, *, reason: str, until: datetime.date | None
) -> AcceptedDifferences:
    """Write into the file of accepted differences that whatever differs at a path is, and return what it holds then.

    Args:
        path: The path: ``activity.input[0].messages[*].timestamp``.
        accepted: What is accepted already.
        reason: Why; without one it is not in force.
        until: The last day on which it is; None: for good.

    Raises:
        UsageError: It is no path, or the file cannot be written.
    """
    entries = differences.merged_path(accepted.entries, path, reason=reason, until=until)
    differences.save(accepted.file, entries)
    return AcceptedDifferences(file=accepted.file, entries=entries)


def settled(result: ReplayResult, accepted: AcceptedDifferences) -> ReplayResult:
    """Return what a replay came to, with what is accepted marked so, and with the entries that no longer apply."""
    today = datetime.datetime.now(datetime.UTC).date()
    histories, stale = differences.apply(result.histories, accepted.entries, today=today)
    return replace(result, histories=histories, stale=stale)


def _against(request: ReplayOrder) -> DoorWorker | WorkflowCode:
    if not request.worker:
        wrong = next((name for name in request.replayers if ":" not in name), "")
        if wrong:
            raise UsageError(f"--replayer {wrong}: expected MODULE:FUNCTION")
        return WorkflowCode(
            modules=request.modules,
            replayers=request.replayers,
            data_converter=request.data_converter,
            memory=request.memory * _MEBIBYTE,
            cwd=request.cwd,
            env=dict(request.env),
        )
    return DoorWorker(
        command=request.worker,
        task_queue=request.task_queue,
        env=dict(request.env),
        address=request.address,
        tls=request.tls,
        data_converter=request.data_converter,
    )
