"""The options that describe an ad hoc scenario: a worker, what it is to do, and what it talks to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import say
from harness.errors import UsageError
from harness.records.activity_timeouts import START_TO_CLOSE

if TYPE_CHECKING:
    from harness.app.run import DeclaredWork
    from harness.records.scenario import Scenario

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--worker", {"metavar": "COMMAND", "help": "Command line of the worker, unmodified."}),
    (
        "--task-queue",
        {"metavar": "NAME", "help": "Task queue it polls; by default the only one it polls for such work."},
    ),
    ("--workflow", {"metavar": "TYPE", "help": "Workflow type to start."}),
    ("--activity", {"metavar": "TYPE", "help": "Activity type to start without a workflow, in place of --workflow."}),
    (
        "--start-to-close",
        {
            "metavar": "SECONDS",
            "type": click.FloatRange(0, min_open=True),
            "help": f"How long an attempt of --activity may take. [default: {START_TO_CLOSE:g}, without the next]",
        },
    ),
    (
        "--schedule-to-close",
        {
            "metavar": "SECONDS",
            "type": click.FloatRange(0, min_open=True),
            "help": "How long all attempts of --activity together may take.",
        },
    ),
    (
        "--heartbeat-timeout",
        {
            "metavar": "SECONDS",
            "type": click.FloatRange(0, min_open=True),
            "help": "How long an attempt of --activity may send no heartbeat.",
        },
    ),
    (
        "--attempts",
        {
            "metavar": "N",
            "type": click.IntRange(1),
            "help": "How many attempts of --activity there may be. [default: no limit, as the server's own]",
        },
    ),
    (
        "--input",
        {
            "metavar": "JSON,...",
            "multiple": True,
            "help": "Its arguments, several as '\"a\", 2'; given again: another execution beside the first.",
        },
    ),
    (
        "--executions",
        {"metavar": "N", "type": click.IntRange(min=1), "help": "Execute the same so often at once; each is judged."},
    ),
    ("--in-sequence", {"is_flag": True, "help": "Start each execution when the one before it has ended."}),
    ("--id", {"metavar": "ID", "help": "Workflow or activity id; by default TYPE-run; of a second execution ID-2."}),
    (
        "--signal",
        {"metavar": "NAME[=JSON,...][@POINT]", "multiple": True, "help": "Signal to send, by default at the start."},
    ),
    ("--query", {"metavar": "NAME[=JSON]@POINT", "multiple": True, "help": "Query to send at POINT."}),
    (
        "--update",
        {"metavar": "NAME[=JSON][@POINT]", "multiple": True, "help": "Update to send, by default at the start."},
    ),
    (
        "--cancel",
        {"metavar": "POINT", "multiple": True, "help": "Cancel the workflow at POINT; `start`: at once."},
    ),
    ("--starter", {"metavar": "COMMAND", "help": "Your own program that starts the work, instead of --workflow."}),
    ("--one-program", {"is_flag": True, "help": "The worker's program starts the work itself."}),
    (
        "--trial-limit",
        {
            "metavar": "SECONDS",
            "type": click.FloatRange(1),
            "help": "Longest time that one trial may take, undisturbed too. [default: 120]",
        },
    ),
    ("--over", {"metavar": "POINT[*TIMES]", "help": "When a workflow that never ends is over."}),
    ("--fails", {"metavar": "TYPE", "help": "The failure type that the workflow is expected to end with."}),
    (
        "--falls-back",
        {"is_flag": True, "help": "Under a fault that nothing heals the workflow completes with another result."},
    ),
    ("--expect-result", {"metavar": "JSON", "help": "The result that the workflow completes with."}),
    (
        "--expect-effect",
        {
            "metavar": "NAME=TIMES[ per FIELD]",
            "multiple": True,
            "help": "How often an effect happens: 'charge=1 per order'.",
        },
    ),
    ("--may-fail", {"is_flag": True, "help": "Under a strike the workflow may give up."}),
    (
        "--undone",
        {
            "metavar": "NAME=UNDO[ per FIELD]",
            "multiple": True,
            "help": "What is undone where it gives up: 'book=cancel per trip'.",
        },
    ),
    ("--model", {"metavar": "FILE", "help": "Script of the model server: a Python file with answer(request)."}),
    (
        "--effects",
        {
            "metavar": "[NAME=]FILE",
            "multiple": True,
            "help": "Script of the effect server, or of its service NAME: a Python file with answer(effect).",
        },
    ),
    (
        "--env",
        {
            "metavar": "NAME=VALUE",
            "multiple": True,
            "help": "Further environment of the worker; ${EFFECTS_URL}, ${MODEL_URL}, ${TEMPORAL_ADDRESS} are filled.",
        },
    ),
    ("--address", {"metavar": "HOST:PORT", "help": "Address that the worker has hard-coded."}),
    (
        "--state",
        {
            "metavar": "PATH",
            "multiple": True,
            "help": "SQLite file, file or folder that it writes to: compared as effects are, and put back each time.",
        },
    ),
    (
        "--http-proxy",
        {"is_flag": True, "help": "Let its calls of the world outside pass a door too, set by HTTP_PROXY."},
    ),
    (
        "--search-attribute",
        {
            "metavar": "NAME=TYPE",
            "multiple": True,
            "help": "Search attribute of the work; any is made when first used.",
        },
    ),
    (
        "--nexus-endpoint",
        {
            "metavar": "NAME=QUEUE",
            "multiple": True,
            "help": "Nexus endpoint that it calls, if several are served.",
        },
    ),
    ("--tls", {"is_flag": True, "help": "Let the door speak TLS, for a worker that insists on it or on an API key."}),
    ("--data-converter", {"metavar": "MODULE:NAME", "help": "Data converter of the worker, if not the default."}),
    (
        "--replayer",
        {
            "metavar": "MODULE:FUNCTION",
            "help": "Function that returns a temporalio.worker.Replayer, for a worker with plugins or interceptors.",
        },
    ),
)

NAMES = tuple(option.removeprefix("--").replace("-", "_") for option, _ in _OPTIONS)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe an ad hoc scenario to a command."""
    for name, more in reversed(_OPTIONS):
        command = click.option(name, **more)(command)
    return command


@click.command("--", add_help_option=False)
@options
def _worker(**given: Any) -> dict[str, Any]:
    """Return the options as they were given."""
    return {name: given[name] for name in given if name in NAMES}


def after_dashes(words: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Split what a command was given at ``--``: scenarios before it, and after it the options that describe a worker.

    Args:
        words: The arguments, those behind ``--`` among them.

    Returns:
        The scenarios, and the options by their names without dashes; none where no worker is described.

    Raises:
        UsageError: Scenarios and a worker are given, or what is behind ``--`` describes no worker.
    """
    first = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    targets, rest = words[:first], words[first:]
    if not rest:
        return targets, {}
    if targets:
        raise UsageError("give scenarios, or a worker behind --, not both")
    try:
        described: dict[str, Any] = _worker.main(list(rest), standalone_mode=False)
    except click.ClickException as error:
        raise UsageError(f"behind --: {error.format_message()} (see crashproof run --help)") from error
    if not described["worker"]:
        raise UsageError("what is behind -- describes a worker, and needs --worker COMMAND")
    return (), described


def declared_work(targets: tuple[str, ...], given: dict[str, Any]) -> list[DeclaredWork]:
    """Return the scenarios that a command was given: from files, folders and names, or described by options alone.

    Args:
        targets: Files, folders and names; or a worker's program, from whose code the options are read that are not
            given. ``workflows`` of the options then names its workflow code, too.
        given: The options of the command: those of a worker, and ``wanted`` and ``skipped`` checks where it has them.

    Raises:
        UsageError: Nothing is given, or both, or it names nothing.
    """
    from harness.app.loading import load

    described = {name: given[name] for name in given if name in NAMES}  # in the order in which they are given
    if given["worker"]:
        if targets:
            raise UsageError("give scenarios or --worker, not both")
        return [_by_options(described, given)]
    if programs := _programs(targets, described, given):
        return [_by_options(options, given) for options in programs]
    if any(described.values()):
        raise UsageError(
            "options that describe a worker need --worker COMMAND, such as --worker 'python worker.py', or alone "
            "the program whose code makes the worker and names its workflows"
        )
    if not targets:
        raise UsageError(
            "nothing to run: give a scenario file, folder or name, or --worker COMMAND, "
            "or its program alone (see --help)"
        )
    return [_declared(each, given) for each in load(targets)]


def _programs(targets: tuple[str, ...], described: dict[str, Any], given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options that describe the workflows of a worker's program, where that is the one target."""
    from harness.app.worker_program import all_options, makes_worker, read_options

    if len(targets) != 1 or not makes_worker(Path(targets[0])):
        return []
    read = read_options(Path(targets[0]), given=described)
    given["workflows"] = given.get("workflows") or tuple(dict.fromkeys(each.module for each in read if each.module))
    for each in read:
        say(f"crashproof: read from {each.said}", err=True)
    return [all_options(each, described) for each in read]


def _by_options(options: dict[str, Any], given: dict[str, Any]) -> DeclaredWork:
    from harness.app.ad_hoc import ad_hoc_scenario

    return _declared(ad_hoc_scenario(options), given, options=options)


def _declared(scenario: Scenario, given: dict[str, Any], *, options: dict[str, Any] | None = None) -> DeclaredWork:
    from harness.app.declared_scenarios import declaration, judged_by
    from harness.app.run import DeclaredWork

    judged = judged_by(scenario, only=given.get("wanted", ()), skipped=given.get("skipped", ()))
    return DeclaredWork(scenario=judged, declared=declaration(judged, options=options))
