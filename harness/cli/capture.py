"""``crashproof capture``: histories read from a cluster into a folder, to be replayed against new code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import connection
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.app.capture import CaptureOrder
    from harness.records.capture_result import CapturedHistory, CaptureResult

_SHOWN_EVERY = 2.0

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
    "--scrub", is_flag=True, help="Replace what users wrote by stand-ins of the same shape [CRASHPROOF_SCRUB_KEY]."
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
    from harness.app.capture import alone, asked_for
    from harness.app.capture import capture as capture_histories
    from harness.cli.capture_report import as_json, as_text

    order = _order(given)
    asked = asked_for(order)
    with alone(order.folder):
        result = _shown(capture_histories, order)
        if result.of("changed") and not order.overwrite and _may_ask():
            result = _replaced(result, order)
    status = 3 if not result.kept or (order.workflow_ids and result.gone) else 0
    if form == "json":
        click.echo(as_json(result, folder=order.folder, asked=asked, scrubbed=order.scrub, status=status))
    else:
        say(as_text(result, folder=order.folder, asked=asked, scrubbed=order.scrub))
    return status


def _order(given: Mapping[str, Any]) -> CaptureOrder:
    from harness.app.capture import CaptureOrder

    same = ("query", "workflow_ids", "run_id", "task_queue", "workflow_type", "since", "limit", "candidates")
    more = ("everything", "scrub", "compress", "overwrite")
    return CaptureOrder(
        connection=connection.connection_of(given),
        folder=given["out"],
        **{name: given[name] for name in (*same, *more)},
    )


def _shown(work: Callable[..., Coroutine[Any, Any, CaptureResult]], *what: Any) -> CaptureResult:
    """Do asynchronous work, and show how far it is."""
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay, Throttle

    with ProgressDisplay() as display:
        return interruptible(work(*what, tell=Throttle(display, plain=lambda news: news.text, every=_SHOWN_EVERY)))


def _replaced(result: CaptureResult, order: CaptureOrder) -> CaptureResult:
    """Ask whether to write over the files that hold something else, and do so."""
    from harness.app.capture import write_over

    changed = result.of("changed")
    for each in changed:
        say(f"  {each.file}: {_difference(each)}", err=True)
    them = "1 file that holds" if len(changed) == 1 else f"{len(changed)} files that hold"
    if not click.confirm(f"Write over {them} something else?", err=True):
        return result
    return _shown(write_over, result, order)


def _difference(captured: CapturedHistory) -> str:
    return "still open, it has gone on" if captured.open else f"now {captured.status} with {captured.events} events"


def _may_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
