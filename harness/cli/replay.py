"""``crashproof replay``: recorded histories against the workflow code of today, strictly."""

from __future__ import annotations

import asyncio
import datetime
import shlex
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from harness.cli.interrupting import interruptible
from harness.cli.output import FORMAT, say
from harness.cli.progress import ProgressDisplay
from harness.errors import UsageError
from harness.records.run_record import versions
from harness.records.sweep_result import News
from harness.report.phrases import number
from harness.report.replay.document import replayed_document, replayed_junit, replayed_sarif
from harness.report.replay.text import replayed_text

if TYPE_CHECKING:
    from harness.records.replay_result import ReplayFinding, ReplayResult
    from harness.replay.compare.accepted_differences import AcceptedDifference
    from harness.replay.in_process.matrix import WorkflowCode
    from harness.replay.strict import DoorWorker

_TOLD_EVERY = 5.0
_SHOWN_EVERY = 0.1
_MEBIBYTE = 1024 * 1024

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
Exit status: 0 pass, 1 finding, 2 usage, 3 unknown or rig failure, 130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--worker", metavar="COMMAND", help="Command line of a worker, unmodified, in any language.")
@click.option("--task-queue", metavar="NAME", help="Task queue of the worker, if not that of the recording.")
@click.option("--env", "env", multiple=True, metavar="NAME=VALUE", help="Further environment of the worker.")
@click.option("--address", metavar="HOST:PORT", help="Address that the worker has hard-coded.")
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
@click.option("--accept", is_flag=True, help="Write all differences from the recording into the file of accepted ones.")
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
    against = _against(given)
    file, accepted = _accepted(given)
    scratch = Path(tempfile.mkdtemp(prefix="crashproof-replay-"))
    kept = False
    try:
        with ProgressDisplay() as told:
            replayed = interruptible(_replay(paths, against, scratch, told, given))
    except UsageError as error:
        kept = str(scratch) in str(error)  # its log is named
        raise
    finally:
        if not kept:
            shutil.rmtree(scratch, ignore_errors=True)
    replayed = _settled(replayed, accepted, file=file, given=given)
    _print(replayed, form=given["report"] or form, again=_Again(paths, given))
    return replayed.outcome.exit_status


def _against(given: dict[str, Any]) -> DoorWorker | WorkflowCode:
    code = [*given["workflows"], *given["replayers"]]
    if bool(given["worker"]) == bool(code):
        raise UsageError(
            'say what to replay against: --worker "python worker.py", or --workflows app.workflows (or --replayer)'
            + (", not both" if code else "")
        )
    if not given["worker"]:
        from harness.replay.in_process.matrix import WorkflowCode

        wrong = next((name for name in given["replayers"] if ":" not in name), "")
        if wrong:
            raise UsageError(f"--replayer {wrong}: expected MODULE:FUNCTION")
        return WorkflowCode(
            modules=given["workflows"],
            replayers=given["replayers"],
            data_converter=given["data_converter"] or "",
            memory=given["memory"] * _MEBIBYTE,
            cwd=Path.cwd(),
        )
    from harness.replay.strict import DoorWorker

    pairs = [each.partition("=") for each in given["env"]]
    if wrong := next((name for name, sign, _ in pairs if not (name and sign)), None):
        raise UsageError(f"--env {wrong}: expected NAME=VALUE")
    return DoorWorker(
        command=given["worker"],
        task_queue=given["task_queue"] or "",
        env={name: value for name, _, value in pairs},
        address=given["address"] or "",
        data_converter=given["data_converter"] or "",
    )


async def _replay(
    paths: tuple[str, ...],
    against: DoorWorker | WorkflowCode,
    scratch: Path,
    told: ProgressDisplay,
    given: dict[str, Any],
) -> ReplayResult:
    from harness.histories.files import history_files
    from harness.replay.strict import replay_all

    files = await asyncio.to_thread(history_files, paths, cwd=Path.cwd())
    if not files:
        raise UsageError(f"no history lies in {', '.join(paths)}")
    return await replay_all(
        files,
        against=against,
        folder=scratch,
        conditions=given["conditions"],
        jobs=given["jobs"] or 0,
        largest=given["largest"] * _MEBIBYTE,
        time_limit=given["time_limit"],
        tell=_ReplayProgress(told).tell,
    )


class _ReplayProgress:
    """Passes on how far a replay is, as often as it can be read."""

    def __init__(self, told: ProgressDisplay) -> None:
        self._told = told
        self._last = time.monotonic()

    def tell(self, text: str, done: int, total: int) -> None:
        every = _SHOWN_EVERY if self._told.live else _TOLD_EVERY
        if time.monotonic() - self._last < every and done < total:
            return
        self._last = time.monotonic()
        if self._told.live:
            self._told.tell(News(scenario="replay", text=text, done=done, total=total))
        else:
            self._told.line(f"{text}: {done} of {total}")


def _accepted(given: dict[str, Any]) -> tuple[Path, tuple[AcceptedDifference, ...]]:
    """Return the file of accepted differences, and what it holds: what is wrong with it is told before the replay."""
    from harness.replay.compare import accepted_differences

    if (given["reason"] or given["until"]) and not given["accept"]:
        raise UsageError("--reason and --until belong to --accept")
    file: Path = given["accepted"] or accepted_differences.FILE
    if given["accepted"] and not given["accept"] and not file.exists():
        raise UsageError(f"there is no file {file} of accepted differences")
    return file, accepted_differences.load(file) if file.exists() else ()


def _settled(
    replayed: ReplayResult, entries: tuple[AcceptedDifference, ...], *, file: Path, given: dict[str, Any]
) -> ReplayResult:
    """Return the replay with what is accepted marked so; with --accept, everything found is written there first."""
    from harness.replay.compare import accepted_differences

    if given["accept"]:
        until = given["until"].date() if given["until"] else None
        entries = accepted_differences.merged(entries, replayed.histories, reason=given["reason"] or "", until=until)
        accepted_differences.save(file, entries)
        one = len(entries) == 1
        told = f"{number(len(entries), 'accepted difference')} {'is' if one else 'are'} in {file}"
        say(f"{told}: review {'it' if one else 'them'}", err=True)
    today = datetime.datetime.now(datetime.UTC).date()
    histories, stale = accepted_differences.apply(replayed.histories, entries, today=today)
    return replace(replayed, histories=histories, stale=stale)


def _print(replayed: ReplayResult, *, form: str, again: _Again) -> None:
    if form == "text":
        say(replayed_text(replayed, again=again))
    elif form == "junit":
        click.echo(replayed_junit(replayed, again=again))
    elif form == "sarif":
        log = replayed_sarif(replayed, again=again, version=versions()["crashproof"])
        click.echo(msgspec.json.format(msgspec.json.encode(log), indent=2))
    else:
        written = msgspec.json.encode(replayed_document(replayed, again=again), enc_hook=repr)
        click.echo(msgspec.json.format(written, indent=2) if form == "json" else written)
    sys.stdout.flush()


class _Again:
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

    def __call__(self, finding: ReplayFinding) -> str:
        # What a process has replayed before can be any of the others.
        alone = finding.histories and not {"warm process", "cold process"} & set(finding.conditions)
        paths = finding.histories[:1] if alone else self._paths
        return shlex.join(["crashproof", "replay", *paths, *self._options])
