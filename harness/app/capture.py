"""Capturing histories from a user's cluster into a folder; nothing on the cluster is changed."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import filelock
import platformdirs

from harness.app.connection import ClusterConnection, connect
from harness.app.progress import Tell
from harness.errors import UsageError
from harness.histories.capture import CaptureRequest
from harness.histories.capture import capture as capture_histories
from harness.histories.capture_folder import CaptureFolder
from harness.histories.cluster import Cluster
from harness.records.capture_result import CaptureResult
from harness.records.sweep_result import News

KEY_VARIABLE = "CRASHPROOF_SCRUB_KEY"
"""Environment variable with the key of the stand-ins; without it one is made and kept for this user."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, kw_only=True)
class CaptureOrder:
    """Which executions to capture, from where, and into which folder.

    Attributes:
        connection: Where the cluster is.
        folder: Where the histories go.
        query: Temporal's list filter; an empty text for all executions.
        workflow_ids: Ids of workflows that are named, instead of a filter.
        run_id: That run of the one workflow that is named; None for the latest.
        task_queue: Executions of this task queue.
        workflow_type: Executions of this workflow type.
        since: Executions started since: an age (``90m``, ``12h``, ``7d``, ``2w``) or a date (UTC).
        limit: How many histories of those that are listed the folder may hold in the end.
        candidates: How many executions are listed at most.
        everything: Whether all are kept, up to the limit, whatever they hold.
        scrub: Whether what users wrote is replaced by stand-ins of the same shape.
        compress: Whether the files are compressed.
        overwrite: Whether a file that holds something else is written over.
    """

    connection: ClusterConnection
    folder: Path
    query: str | None = None
    workflow_ids: Sequence[str] = ()
    run_id: str | None = None
    task_queue: str | None = None
    workflow_type: str | None = None
    since: str | None = None
    limit: int = 100
    candidates: int = 10_000
    everything: bool = False
    scrub: bool = False
    compress: bool = False
    overwrite: bool = False


async def capture(order: CaptureOrder, *, tell: Tell) -> CaptureResult:
    """Capture histories; the same once more goes on where an interrupted capture stopped.

    Args:
        order: Which, from where, and into which folder.
        tell: Called with how far it is.

    Raises:
        UsageError: Nothing says what to capture, two wishes do not go together, or the cluster does not take the query.
        RigError: No cluster answers, or the disk does not take the files.
    """
    return await _capture(order, chosen_executions(order), tell=tell)


async def write_over(result: CaptureResult, order: CaptureOrder, *, tell: Tell) -> CaptureResult:
    """Write over the files that a capture left as they were although they hold something else.

    Args:
        result: What that capture came to.
        order: What it was asked for.
        tell: As for ``capture``.

    Raises:
        UsageError, RigError: As for ``capture``.
    """
    executions = tuple((each.workflow_id, each.run_id) for each in result.of("changed"))
    request = replace(chosen_executions(order), executions=executions)
    written = await _capture(replace(order, overwrite=True), request, tell=tell)
    return replace(
        result,
        kept=[*(each for each in result.kept if each[0] != "changed"), *written.kept],
        gone=[*result.gone, *written.gone],
        replaced=result.replaced + written.replaced,
        unread=result.unread + written.unread,
    )


async def _capture(order: CaptureOrder, request: CaptureRequest, *, tell: Tell) -> CaptureResult:
    folder = CaptureFolder(order.folder, compress=order.compress, overwrite=order.overwrite)
    key = scrub_key() if order.scrub else None

    def far(result: CaptureResult, most: int) -> None:
        text = f"{result.read} of at most {most} histories read, {len(result.kept)} kept"
        tell(News(scenario="capture", text=text, done=result.read, total=most))

    client = await connect(order.connection)
    cluster = Cluster(client, tell=lambda line: tell(News(text=line)))
    tell(News(text=f"reading namespace {cluster.namespace} at {client.service_client.config.target_host}"))
    try:
        return await capture_histories(cluster, folder, wanted=request, scrub_key=key, tell=far)
    except asyncio.CancelledError:
        there = f"{len(folder.captured)} histories are in {order.folder}"
        tell(News(text=f"interrupted; {there}; the same command goes on"))
        raise


def asked_for(order: CaptureOrder) -> str:
    """Return what a capture was asked for, as a phrase: ids, a list filter, or all executions."""
    request = chosen_executions(order)
    if request.executions:
        return ", ".join(workflow_id for workflow_id, _ in request.executions)
    return request.query or "all executions"


def chosen_executions(order: CaptureOrder) -> CaptureRequest:
    """Return which executions are to be captured.

    Raises:
        UsageError: Nothing says what, or two options do not go together.
    """
    listing = (order.query, order.task_queue, order.workflow_type, order.since)
    if order.workflow_ids:
        if any(value is not None for value in listing):
            raise UsageError(
                "--workflow-id names executions: give no --query, --task-queue, --workflow-type or --since"
            )
        if order.run_id and len(order.workflow_ids) > 1:
            raise UsageError("--run-id goes with one --workflow-id")
        return CaptureRequest(executions=tuple((each, order.run_id or "") for each in order.workflow_ids))
    if order.run_id:
        raise UsageError("--run-id needs --workflow-id")
    if all(value is None for value in listing):
        raise UsageError(
            "nothing says what to capture: give --query, --task-queue, --workflow-type, --since or --workflow-id "
            "(--query '' is all executions)"
        )
    return CaptureRequest(
        query=_query(order),
        limit=order.limit,
        candidates=max(order.candidates, order.limit),
        everything=order.everything,
    )


def _query(order: CaptureOrder) -> str:
    """Return the list filter that says all that was asked for."""
    parts = []
    if order.task_queue is not None:
        parts.append(f"TaskQueue = {_quoted(order.task_queue)}")
    if order.workflow_type is not None:
        parts.append(f"WorkflowType = {_quoted(order.workflow_type)}")
    if order.since is not None:
        parts.append(f"StartTime >= {_quoted(_since(order.since, now=datetime.datetime.now(datetime.UTC)))}")
    query = (order.query or "").strip()
    if query:
        parts.append(f"({query})" if parts else query)
    return " AND ".join(parts)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _since(given: str, *, now: datetime.datetime) -> str:
    """Return a moment as RFC 3339.

    Raises:
        UsageError: It is neither an age nor a date, or lies ahead.
    """
    age = re.fullmatch(r"(\d+)([mhdw])", given.strip())
    try:
        if age:
            when = now - datetime.timedelta(**{_UNITS[age[2]]: int(age[1])})
        else:
            when = datetime.datetime.fromisoformat(given.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since {given!r} is no age (90m, 12h, 7d, 2w) and no date (2026-01-31)") from error
    when = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
    if when > now:
        raise UsageError(f"--since {given!r} lies ahead")
    return when.isoformat(timespec="seconds")


def scrub_key() -> bytes:
    """Return the key of the stand-ins: the same each time, so that equal values are equal over captures."""
    given = os.environ.get(KEY_VARIABLE, "")
    if given:
        return given.encode()
    file = platformdirs.user_state_path("crashproof") / "scrub.key"
    with suppress(FileNotFoundError):
        if key := file.read_bytes():
            return key
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(secrets.token_bytes(32))
    partial.replace(file)
    return file.read_bytes()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second capture away from a folder: each would write the index without the histories of the other.

    Raises:
        UsageError: Another capture is at work there.
    """
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    file = Path(tempfile.gettempdir()) / f"crashproof-capture-{name}.lock"
    lock = filelock.FileLock(file)
    try:
        while not _taken(lock, file):
            lock.release()
    except filelock.Timeout as error:
        raise UsageError(f"another capture is writing to {folder}; wait for it or give another --out") from error
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        lock.release()


def _taken(lock: filelock.BaseFileLock, file: Path) -> bool:
    """Take a lock, and tell whether its file is the one that others find: it keeps nobody away once it is removed.

    A capture that ends removes its file; another one may have opened it just before. A file that is there before and
    after is the one that was locked in between.

    Raises:
        filelock.Timeout: Another capture has it.
    """
    with file.open("ab") as before:
        lock.acquire(timeout=0)
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(before.fileno()), file.stat())
    return False
