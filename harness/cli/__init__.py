"""The command line. Each command lives in a file of its own and is imported when it is used."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import traceback
from typing import Any

import click

from harness.cli.standard_output import own_standard_output, write_failure
from harness.errors import RigError, UsageError, nearest
from harness.foreign import for_terminal

_COMMANDS = {
    "run": "Torture agents: break their world at every message and say what broke.",
    "init": "Write scenarios, tests and CI for the project in this folder.",
    "ready": "Fill the twelve points of the checklist before a release, each measured.",
    "reproduce": "Run one trial of an earlier run again.",
    "explore": "Explore every order in which the world can answer, without a server.",
    "campaign": "Sweep scenarios on many machines, coordinated by your own cluster.",
    "replay": "Replay recorded histories and compare every decision with the recording.",
    "audit": "Read workflow and activity code, never run it, and tell what breaks durability.",
    "capture": "Read histories from a cluster into a folder; nothing there is changed.",
    "judge": "Judge stored evidence again; no server is started.",
    "report": "Show the report of a run again, and what is new beside an earlier one.",
    "scrub": "Copy the evidence of a run without what users wrote, to show it to others.",
    "demo": "See the reference agent tortured, or a broken one caught.",
    "faults": "List the faults and what a right agent does about each.",
    "checks": "List the checks and what each promises.",
    "explain": "Say of a check, a rule or a fault why it matters and what is right.",
    "schema": "Print the JSON schema of what a command prints with -o json.",
    "model": "Start the scripted model server alone, for any client.",
    "doctor": "Say what is found, what is missing, and how to get it.",
    "server": "Start, find or install the Temporal dev server.",
}

_ON_THE_SDK = (
    "run",
    "ready",
    "reproduce",
    "explore",
    "replay",
    "capture",
    "judge",
    "report",
    "demo",
    "scrub",
    "campaign",
)
"""Commands that use the Temporal SDK beside crashproof; the others work without a fitting one."""

_WITHOUT_TEXTS = (
    "with PYTHONOPTIMIZE=2 (python -OO) Python leaves the texts out that crashproof shows: unset it, and give it to "
    "the worker alone by --env PYTHONOPTIMIZE=2"
)

_COLLECT_EVERY = 50_000
"""Objects made from one look for garbage to the next, in place of 700: imports make next to none, and the looks take a
twentieth of their time."""

_EPILOG = """\b
Exit status: 0 pass, 1 finding, 2 usage, 3 unknown or rig failure, 130 interrupted.
Example: crashproof run --worker "python worker.py" --task-queue q --workflow MyAgent --input '{"query": "x"}'
"""


class _Lazy(click.Group):
    """Commands that are imported when they are used, so that ``--help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name in _ON_THE_SDK:
            from harness.temporal.sdk import require_sdk

            require_sdk()
        command: click.Command = getattr(importlib.import_module(f"harness.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS:
            raise click.UsageError(f"no command is called {args[0]!r}{nearest(args[0], _COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crashproof")
def cli() -> None:
    """Prove that a Temporal agent survives: strike its worker at every message, and say what broke."""


def main() -> None:
    """Run the command line and leave with its exit status.

    It leaves by ``os._exit`` once everything is cleaned up and flushed: an interpreter that used the SDK's client may
    abort while it finalizes, and would then leave with another status.
    """
    gc.set_threshold(_COLLECT_EVERY)
    own_standard_output()
    status = _status()
    leave_nothing()
    os._exit(_written_out(status))


def leave_nothing() -> None:
    """Kill every process that crashproof started, and remove every folder that it needed only while it ran."""
    if "harness.processes.process" in sys.modules:
        sys.modules["harness.processes.process"].kill_all()
    if "harness.processes.scratch" in sys.modules:
        sys.modules["harness.processes.scratch"].remove_all()


def _status() -> int:
    output = sys.stdout
    try:
        if sys.flags.optimize > 1:
            raise UsageError(_WITHOUT_TEXTS)
        status = cli.main(standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BaseException as error:
        if isinstance(error, SystemExit) and sys.stdout is not output:
            return 3  # Nobody reads what is printed any more: click has put another stream in its place, and leaves.
        message, status = _explained(error)
        _complain(message)
        write_failure(message.removeprefix("crashproof: "), status=status, arguments=sys.argv[1:])
        return status


def _written_out(status: int) -> int:
    """Write out what is left to write; return the exit status, which is another one where no disk takes it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            continue
        except OSError as error:
            message, failed = _explained(error)
            if status != failed:  # else it has been said
                _complain(message)
            status = failed
    return status


def _explained(error: BaseException) -> tuple[str, int]:
    """Return what to say about an error that ends the command, and the exit status."""
    match error:
        case click.ClickException():
            message = f"crashproof: {error.format_message()}"
            usage = isinstance(error, click.UsageError) and error.ctx
            return f"{message}\nTry `{usage.command_path} --help`." if usage else message, 2
        case UsageError():
            return f"crashproof: {error}", 2
        case RigError():
            return f"crashproof: {error}", 3
        case KeyboardInterrupt() | click.Abort():
            return "crashproof: interrupted", 130
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            why = (
                "was it removed meanwhile?"
                if isinstance(error, FileNotFoundError)
                else "is the disk full or read-only?"
            )
            return f"crashproof: {place}{error.strerror or error}; {why}", 3
        case _:
            # A SystemExit of the user's code, too. The interpreter's own status for it would say that a finding was
            # made, or none.
            return f"{traceback.format_exc()}crashproof: this is a defect of crashproof itself", 3


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody can be told: the exit status says it alone
        click.echo(for_terminal(text), err=True)
