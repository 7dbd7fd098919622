"""The options of commands that start a server: which engine, and which binary of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from harness.servers.engine import Engine, engines
from harness.servers.engine import engine as engine_of

F = TypeVar("F", bound=Callable[..., Any])


option = click.option(
    "--engine",
    default="dev",
    show_default=True,
    metavar="|".join(engines()),
    callback=lambda context, parameter, value: engine_of(value).name,
    help="What runs the server: the CLI's dev server (persisted; skips time from server 1.32 on), or the SDK's test "
    "server (in memory; always skips time).",
)


def binaries(says: Callable[[Engine], str]) -> Callable[[F], F]:
    """Add the options that name a server binary, one for each engine.

    Args:
        says: Returns the text of help for the option of an engine.
    """

    def add(command: F) -> F:
        for engine in reversed(engines().values()):
            command = click.option(engine.binary.option, default="", metavar="PATH", help=says(engine))(command)
        return command

    return add


def binary_options() -> list[str]:
    """Return the names of the options that name a server binary."""
    return [engine.binary.option for engine in engines().values()]


def to_use(engine: Engine) -> str:
    """Return the text of help for the binary of an engine that a command starts."""
    return f"The {engine.binary.title.removeprefix('the ')} to use."


def named(engine: Engine, given: Mapping[str, Any]) -> str:
    """Return the binary that the options name for an engine, or an empty text."""
    return str(given[engine.binary.option.removeprefix("--").replace("-", "_")])


def binary_paths(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths that the options name, by engine; empty where none is named."""
    return {name: named(engine, given) for name, engine in engines().items()}
