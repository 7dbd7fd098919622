"""A scenario from options alone: a stranger's worker, tortured without a line of code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from harness.errors import UsageError
from harness.records.scenario import Reached, Scenario, Send, Start, Starter

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--worker", {"metavar": "COMMAND", "help": "Command line of the worker, unmodified."}),
    ("--task-queue", {"metavar": "NAME", "help": "Task queue it polls; by default the first one it polls."}),
    ("--workflow", {"metavar": "TYPE", "help": "Workflow type to start."}),
    ("--input", {"metavar": "JSON", "multiple": True, "help": "An argument of the workflow; once for each."}),
    ("--id", {"metavar": "ID", "help": "Workflow id; by default TYPE-run."}),
    (
        "--signal",
        {"metavar": "NAME[=JSON][@POINT]", "multiple": True, "help": "Signal to send, by default at the start."},
    ),
    ("--query", {"metavar": "NAME[=JSON]@POINT", "multiple": True, "help": "Query to send at POINT."}),
    (
        "--update",
        {"metavar": "NAME[=JSON][@POINT]", "multiple": True, "help": "Update to send, by default at the start."},
    ),
    ("--starter", {"metavar": "COMMAND", "help": "Your own program that starts the work, instead of --workflow."}),
    ("--one-program", {"is_flag": True, "help": "The worker's program starts the work itself."}),
    ("--over", {"metavar": "POINT[*TIMES]", "help": "When a workflow that never ends is over."}),
    ("--fails", {"metavar": "TYPE", "help": "The failure type that the workflow is expected to end with."}),
    (
        "--falls-back",
        {"is_flag": True, "help": "Under a fault that nothing heals the workflow completes with another result."},
    ),
    ("--model", {"metavar": "FILE", "help": "Script of the model server: a Python file with answer(request)."}),
    ("--effects", {"metavar": "FILE", "help": "Script of the effect server: a Python file with answer(effect)."}),
    ("--env", {"metavar": "NAME=VALUE", "multiple": True, "help": "Further environment of the worker."}),
    ("--address", {"metavar": "HOST:PORT", "help": "Address that the worker has hard-coded."}),
    ("--data-converter", {"metavar": "MODULE:NAME", "help": "Data converter of the worker, if not the default."}),
)

NAMES = tuple(option.removeprefix("--").replace("-", "_") for option, _ in _OPTIONS)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a stranger's worker to a command."""
    for name, more in reversed(_OPTIONS):
        command = click.option(name, **more)(command)
    return command


def scenario(given: dict[str, Any]) -> Scenario:
    """Make a scenario of the options, by their names without dashes.

    Raises:
        UsageError: Something is missing, or does not go together, or is not JSON.
    """
    return Scenario(
        name=given["workflow"] or "stranger",
        title="A worker given by options.",
        worker=given["worker"],
        task_queue=given["task_queue"] or "",
        work=_work(given),
        sends=tuple(_sends(given)),
        over=_over(given["over"]),
        fails=given["fails"],
        falls_back=bool(given["falls_back"]),
        model=given["model"] or "",
        effects=given["effects"] or "",
        env=dict(_pair(text) for text in given["env"]),
        address=_address(given["address"]),
        data_converter=given["data_converter"] or "",
    )


def _work(given: dict[str, Any]) -> Start | Starter:
    if given["starter"] or given["one_program"]:
        if given["input"] or given["id"]:
            raise UsageError("--input and --id go with --workflow alone: the starter starts the work here")
        return Starter(command=given["starter"] or "", workflow=given["workflow"] or "")
    if not given["workflow"]:
        raise UsageError("--worker needs --workflow TYPE to start, or --starter COMMAND, or --one-program")
    args = tuple(_json(text, option="--input") for text in given["input"])
    return Start(workflow=given["workflow"], args=args, id=given["id"] or "")


def _sends(given: dict[str, Any]) -> Sequence[Send]:
    found = []
    for kind in ("signal", "query", "update"):
        for text in given[kind]:
            name, equals, value, at = _sent(text)
            if kind == "query" and not at:
                raise UsageError(f"--query {text!r} says no point to be sent at: write NAME@POINT")
            args = (_json(value, option=f"--{kind}"),) if equals else ()
            found.append(Send(kind=kind, name=name, args=args, at=at or "start"))
    return found


def _sent(text: str) -> tuple[str, str, str, str]:
    """Split NAME[=JSON][@POINT]; an ``@`` inside the JSON is no point's."""
    if "=" not in text:
        name, _, at = text.partition("@")
        return name, "", "", at
    name, equals, value = text.partition("=")
    if _is_json(value):
        return name, equals, value, ""
    before, separator, at = value.rpartition("@")
    return (name, equals, before, at) if separator and _is_json(before) else (name, equals, value, "")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _over(text: str | None) -> Reached | None:
    if not text:
        return None
    point, _, times = text.rpartition("*")
    if point and times.isdigit():
        return Reached(point=point, times=int(times))
    return Reached(point=text)


def _json(text: str, *, option: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is not JSON ({error}); a text needs its own quotes: {option} '\"text\"'"
        ) from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--env {text!r} is not NAME=VALUE")
    return name, value


def _address(text: str | None) -> str:
    if not text:
        return ""
    host, _, port = text.rpartition(":")
    if host not in ("localhost", "127.0.0.1", "[::1]") or not port.isdigit():
        raise UsageError(f"--address {text!r} is not a loopback HOST:PORT such as localhost:7233")
    return text
