"""``crashproof replay``: recorded histories against the workflow code of today, strictly."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.app.replay import (
    AcceptedDifferences,
    ReplayOrder,
    accept,
    accept_path,
    accepted_differences,
    settled,
)
from harness.app.replay import replay as replay_histories
from harness.cli.interrupting import interruptible
from harness.cli.output import FORMAT, say
from harness.cli.progress import ProgressDisplay, Throttle
from harness.errors import UsageError
from harness.records.run_record import versions
from harness.records.sweep_result import News
from harness.report.document import document, encoded, indented
from harness.report.junit import junit
from harness.report.phrases import number
from harness.report.replay.source import replay_report
from harness.report.replay.text import replay_text
from harness.report.sarif import sarif

if TYPE_CHECKING:
    from harness.records.replay_result import ReplayFinding, ReplayResult

_EVERY = "all differences"
"""What ``--accept`` has without a path."""

_EPILOG = """\b
PATHS are history files, folders, patterns and evidence folders of runs. A file
may be JSON of `temporal workflow show -o json`, of the Web UI or of an SDK,
protobuf, base64 of these, each gzipped or not.
\b
Every command of every workflow task is compared with the recorded events, field
by field, and has to be the same under other hash seeds, time zones, locales and
clocks, in cold and warm processes, and for every prefix of the history.
\b
Examples:
  crashproof replay histories/ --workflows app.workflows
  crashproof replay histories/ --worker "python worker.py"
  crashproof replay .crashproof/runs/latest --replayer app.replay:replayer
  crashproof replay histories/ --workflows app.workflows --accept \\
      --reason "shorter timeout, #123" --until 2027-01-31
  crashproof replay histories/ --workflows app.workflows \\
      --accept 'activity.input[0].messages[*].timestamp' --reason "the framework's"
Exit status: 0 pass, 1 finding, 2 usage, 3 unknown or rig failure, 130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--worker", metavar="COMMAND", help="Command line of a worker, unmodified, in any language.")
@click.option("--task-queue", metavar="NAME", help="Task queue of the worker, if not that of the recording.")
@click.option(
    "--env", "env", multiple=True, metavar="NAME=VALUE", help="Further environment of the worker, or its code."
)
@click.option("--address", metavar="HOST:PORT", help="Address that the worker has hard-coded.")
@click.option("--tls", is_flag=True, help="Let the door speak TLS, for a worker that insists on it or on an API key.")
@click.option(
    "--workflows", multiple=True, metavar="MODULE[:CLASS]", help="Workflow code to replay in processes of its own."
)
@click.option(
    "--replayer",
    "replayers",
    multiple=True,
    metavar="MODULE:FUNCTION",
    help="Function that returns a temporalio.worker.Replayer, with its data converter, plugins and interceptors.",
)
@click.option("--data-converter", metavar="MODULE:NAME", help="Data converter of the code, if not the default.")
@click.option(
    "--condition", "conditions", multiple=True, metavar="NAME", help="Replay under these conditions only [all]."
)
@click.option(
    "--accept",
    is_flag=False,
    flag_value=_EVERY,
    metavar="[PATH]",
    help="Write all differences from the recording into the file of accepted ones; or whatever differs at a path: "
    "'activity.input[0].messages[*].timestamp'.",
)
@click.option("--reason", metavar="TEXT", help="Why they are accepted; without one they are not in force.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Last day on which they are.")
@click.option(
    "--accepted",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File of accepted differences. [default: crashproof-accepted.toml, if there is one]",
)
@click.option("--jobs", type=click.IntRange(1), help="Replaying processes at a time. [default: one a processor]")
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest time that one replay may take.",
)
@click.option(
    "--memory",
    type=click.IntRange(256),
    default=4096,
    show_default=True,
    metavar="MIB",
    help="Most memory that a process which replays workflow code may have.",
)
@click.option(
    "--largest",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    metavar="MIB",
    help="Most a history may be.",
)
@click.option("--report", type=click.Choice(["junit", "sarif"]), help="Print that report instead.")
@FORMAT
def replay(paths: tuple[str, ...], form: str, **given: Any) -> int:
    """Replay recorded histories against the workflow code of today and compare every decision with the recording."""
    request = _request(paths, given)
    if (given["reason"] or given["until"]) and not given["accept"]:
        raise UsageError("--reason and --until belong to --accept")
    path = given["accept"] if given["accept"] != _EVERY else None
    accepted = accepted_differences(given["accepted"], needed=not given["accept"], path=path)
    with ProgressDisplay() as display:
        result = interruptible(replay_histories(request, tell=Throttle(display, plain=_far)))
    if given["accept"]:
        accepted = _accept(result, accepted, given)
    result = settled(result, accepted)
    _print(result, form=given["report"] or form, reproduce=_Reproduce(paths, given))
    return result.outcome.exit_status


def _request(paths: tuple[str, ...], given: dict[str, Any]) -> ReplayOrder:
    code = [*given["workflows"], *given["replayers"]]
    if bool(given["worker"]) == bool(code):
        raise UsageError(
            'say what to replay against: --worker "python worker.py", or --workflows app.workflows (or --replayer)'
            + (", not both" if code else "")
        )
    pairs = [each.partition("=") for each in given["env"]]
    if wrong := next((name for name, sign, _ in pairs if not (name and sign)), None):
        raise UsageError(f"--env {wrong}: expected NAME=VALUE")
    return ReplayOrder(
        paths=paths,
        worker=given["worker"] or "",
        task_queue=given["task_queue"] or "",
        env={name: value for name, _, value in pairs},
        address=given["address"] or "",
        tls=given["tls"],
        modules=given["workflows"],
        replayers=given["replayers"],
        data_converter=given["data_converter"] or "",
        conditions=given["conditions"],
        jobs=given["jobs"] or 0,
        time_limit=given["time_limit"],
        memory=given["memory"],
        largest=given["largest"],
        cwd=Path.cwd(),
    )


def _far(news: News) -> str:
    return f"{news.text}: {news.done} of {news.total}"


def _accept(result: ReplayResult, accepted: AcceptedDifferences, given: dict[str, Any]) -> AcceptedDifferences:
    until = given["until"].date() if given["until"] else None
    reason, path = given["reason"] or "", given["accept"]
    if path == _EVERY:
        accepted = accept(result, accepted, reason=reason, until=until)
    else:
        accepted = accept_path(path, accepted, reason=reason, until=until)
    one = len(accepted.entries) == 1
    counted = f"{number(len(accepted.entries), 'accepted difference')} {'is' if one else 'are'} in {accepted.file}"
    say(f"{counted}: review {'it' if one else 'them'}", err=True)
    return accepted


def _print(result: ReplayResult, *, form: str, reproduce: _Reproduce) -> None:
    report = replay_report(result, reproduce=reproduce)
    if form == "text":
        say(replay_text(result, reproduce=reproduce))
    elif form == "junit":
        click.echo(junit(report))
    elif form == "sarif":
        click.echo(indented(sarif(report, version=versions()["crashproof"])))
    else:
        click.echo(indented(document(report)) if form == "json" else encoded(document(report)))
    sys.stdout.flush()


class _Reproduce:
    """Returns the command that shows a finding again."""

    def __init__(self, paths: tuple[str, ...], given: dict[str, Any]) -> None:
        self._paths = paths
        self._options = [
            word
            for option, values in (
                ("--worker", [given["worker"]]),
                ("--task-queue", [given["task_queue"]]),
                ("--env", given["env"]),
                ("--address", [given["address"]]),
                ("--workflows", given["workflows"]),
                ("--replayer", given["replayers"]),
                ("--data-converter", [given["data_converter"]]),
                ("--accepted", [given["accepted"]]),
            )
            for value in values
            if value
            for word in (option, str(value))
        ]
        self._options += ["--tls"] if given["tls"] else []

    def __call__(self, finding: ReplayFinding) -> str:
        # What a process has replayed before can be any of the others.
        alone = finding.histories and not {"warm process", "cold process"} & set(finding.conditions)
        paths = finding.histories[:1] if alone else self._paths
        return shlex.join(["crashproof", "replay", *paths, *self._options])
