"""``crashproof capture``: histories read from a cluster into a folder, to be replayed against new code."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import filelock
import platformdirs

from harness.cli import connection
from harness.cli.output import say
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.histories.capture import CaptureRequest, CaptureResult
    from harness.histories.capture_folder import CapturedHistory

KEY_VARIABLE = "CRASHPROOF_SCRUB_KEY"
"""Environment variable with the key of the stand-ins; without it one is made and kept for this user."""

_TOLD_EVERY = 2.0
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_EPILOG = """\b
Which are captured: of at most --candidates executions that the cluster lists,
  1. the newest of each workflow type, then the longest, then the oldest of each;
  2. of the others those whose history holds something that no history captured
     so far for that type holds: a kind of event, an activity, signal, update,
     child, marker or patch, a retry, a build id. Those with a new status, build
     id, patch or length are looked at first.
It stops when --limit histories are there, or 5 times as many were read.
\b
The cluster is only read: ListWorkflowExecutions, DescribeWorkflowExecution and
GetWorkflowExecutionHistory are called, and GetSystemInfo to connect.
The same command again goes on where an interrupted capture stopped.
\b
Examples:
  crashproof capture --task-queue research --since 7d --out histories/
  crashproof capture --query "WorkflowType = 'Agent' AND ExecutionStatus = 'Failed'" \\
      --profile prod --limit 50 --scrub
  crashproof capture --workflow-id order-17 --out histories/
Exit status: 0 captured, 2 usage, 3 nothing matched, an execution that was named is
  not there, or rig failure, 130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.option("-q", "--query", metavar="QUERY", help="Temporal's list filter; '' for all executions.")
@click.option("-w", "--workflow-id", "workflow_ids", multiple=True, metavar="ID", help="This workflow's latest run.")
@click.option("-r", "--run-id", metavar="ID", help="That run of the one --workflow-id.")
@click.option("--task-queue", metavar="NAME", help="Executions of this task queue.")
@click.option("--workflow-type", metavar="TYPE", help="Executions of this workflow type.")
@click.option("--since", metavar="AGE|DATE", help="Executions started since: 90m, 12h, 7d, 2w, or a date (UTC).")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Histories to hold of those.")
@click.option(
    "--candidates", type=click.IntRange(1), default=10_000, show_default=True, help="Executions to choose from."
)
@click.option(
    "--all", "everything", is_flag=True, help="Keep all up to --limit, and not only what holds something new."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("histories"), show_default=True, help="Where histories go."
)
@click.option(
    "--scrub", is_flag=True, help=f"Replace what users wrote by stand-ins of the same shape [{KEY_VARIABLE}]."
)
@click.option("--gzip", "compress", is_flag=True, help="Compress the files.")
@click.option("--overwrite", is_flag=True, help="Write over a file that holds something else.")
@connection.options
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Report form.",
)
def capture(form: str, **given: Any) -> int:
    """Read histories from a cluster into a folder, few that cover much; nothing there is changed."""
    from harness.cli.capture_report import as_json, as_text
    from harness.cli.interrupting import interruptible

    wanted = _wanted(given)
    with _alone(given["out"]):
        caught = interruptible(_capture(wanted, given))
        if caught.of("changed") and not given["overwrite"] and _may_ask():
            caught = _replaced(caught, wanted, given)
    status = 3 if not caught.kept or (wanted.executions and caught.gone) else 0
    told: dict[str, Any] = {"folder": given["out"], "asked": _asked(wanted), "scrubbed": given["scrub"]}
    if form == "json":
        click.echo(as_json(caught, status=status, **told))
    else:
        say(as_text(caught, **told))
    return status


async def _capture(wanted: CaptureRequest, given: Mapping[str, Any], *, overwrite: bool = False) -> CaptureResult:
    from harness.cli.progress import ProgressDisplay
    from harness.histories.capture import capture as capture_histories
    from harness.histories.capture_folder import CaptureFolder
    from harness.histories.cluster import Cluster

    captures = CaptureFolder(given["out"], compress=given["compress"], overwrite=overwrite or given["overwrite"])
    key = _scrub_key() if given["scrub"] else None
    told_at = 0.0
    with ProgressDisplay() as told:

        def tell(caught: CaptureResult, most: int) -> None:
            nonlocal told_at
            now = asyncio.get_running_loop().time()
            if now - told_at >= _TOLD_EVERY:
                told_at = now
                told.line(f"{caught.read} of at most {most} histories read, {len(caught.kept)} kept")

        client = await connection.connect(given)
        cluster = Cluster(client, tell=told.line)
        told.line(f"reading namespace {cluster.namespace} at {client.service_client.config.target_host}")
        try:
            return await capture_histories(cluster, captures, wanted=wanted, scrub_key=key, tell=tell)
        except asyncio.CancelledError:
            told.line(
                f"interrupted; {len(captures.captured)} histories are in {given['out']}; the same command goes on"
            )
            raise


def _replaced(caught: CaptureResult, wanted: CaptureRequest, given: Mapping[str, Any]) -> CaptureResult:
    """Ask whether to write over the files that hold something else, and do so."""
    from harness.cli.interrupting import interruptible

    changed = caught.of("changed")
    for each in changed:
        say(f"  {each.file}: {_difference(each)}", err=True)
    them = "1 file that holds" if len(changed) == 1 else f"{len(changed)} files that hold"
    if not click.confirm(f"Write over {them} something else?", err=True):
        return caught
    again = replace(wanted, executions=tuple((each.workflow_id, each.run_id) for each in changed))
    written = interruptible(_capture(again, given, overwrite=True))
    kept = [each for each in caught.kept if each[0] != "changed"]
    return replace(
        caught,
        kept=[*kept, *written.kept],
        gone=[*caught.gone, *written.gone],
        replaced=caught.replaced + written.replaced,
        unread=caught.unread + written.unread,
    )


def _difference(captured: CapturedHistory) -> str:
    return "still open, it has gone on" if captured.open else f"now {captured.status} with {captured.events} events"


def _may_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _wanted(given: Mapping[str, Any]) -> CaptureRequest:
    """Return what is to be captured.

    Raises:
        UsageError: Nothing says what, or two options do not go together.
    """
    from harness.histories.capture import CaptureRequest

    listing = {name: given[name] for name in ("query", "task_queue", "workflow_type", "since")}
    if given["workflow_ids"]:
        if any(value is not None for value in listing.values()):
            raise UsageError(
                "--workflow-id names executions: give no --query, --task-queue, --workflow-type or --since"
            )
        if given["run_id"] and len(given["workflow_ids"]) > 1:
            raise UsageError("--run-id goes with one --workflow-id")
        return CaptureRequest(executions=tuple((each, given["run_id"] or "") for each in given["workflow_ids"]))
    if given["run_id"]:
        raise UsageError("--run-id needs --workflow-id")
    if all(value is None for value in listing.values()):
        raise UsageError(
            "nothing says what to capture: give --query, --task-queue, --workflow-type, --since or --workflow-id "
            "(--query '' is all executions)"
        )
    return CaptureRequest(
        query=_query(listing),
        limit=given["limit"],
        candidates=max(given["candidates"], given["limit"]),
        everything=given["everything"],
    )


def _query(listing: Mapping[str, Any]) -> str:
    """Return the list filter that says all that was asked for."""
    parts = []
    if listing["task_queue"] is not None:
        parts.append(f"TaskQueue = {_quoted(listing['task_queue'])}")
    if listing["workflow_type"] is not None:
        parts.append(f"WorkflowType = {_quoted(listing['workflow_type'])}")
    if listing["since"] is not None:
        parts.append(f"StartTime >= {_quoted(_since(listing['since'], now=datetime.datetime.now(datetime.UTC)))}")
    query = (listing["query"] or "").strip()
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


def _asked(wanted: CaptureRequest) -> str:
    if wanted.executions:
        return ", ".join(workflow_id for workflow_id, _ in wanted.executions)
    return wanted.query or "all executions"


def _scrub_key() -> bytes:
    """Return the key of the stand-ins: the same each time, so that equal values are equal over captures."""
    given = os.environ.get(KEY_VARIABLE, "")
    if given:
        return given.encode()
    file = platformdirs.user_state_path("crashproof") / "scrub.key"
    with suppress(FileNotFoundError):
        if found := file.read_bytes():
            return found
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(secrets.token_bytes(32))
    partial.replace(file)
    return file.read_bytes()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second capture away from a folder: each would write the index without what the other found.

    Raises:
        UsageError: Another capture is at work there.
    """
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    lock = filelock.FileLock(Path(tempfile.gettempdir()) / f"crashproof-capture-{name}.lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except filelock.Timeout as error:
        raise UsageError(f"another capture is writing to {folder}; wait for it or give another --out") from error
