"""The options of commands that start a server: which engine, and which binary of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from harness.servers.binaries import KINDS
from harness.servers.engine import ENGINES
from harness.servers.engine import engine as engine_of

F = TypeVar("F", bound=Callable[..., Any])


option = click.option(
    "--engine",
    default="dev",
    show_default=True,
    metavar="|".join(ENGINES),
    callback=lambda context, parameter, value: engine_of(value).name,
    help="What runs the server: the CLI's dev server (persisted; skips time from server 1.32 on), or the SDK's test "
    "server (in memory; always skips time).",
)


def binaries(command: F) -> F:
    """Add the options that name a server binary, one for each engine."""
    for name, title in (
        ("--test-server", "The time-skipping test server to use."),
        ("--temporal", "The Temporal CLI to use."),
    ):
        command = click.option(name, default="", metavar="PATH", help=title)(command)
    return command


def binary_paths(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths that the options name, by engine; empty where none is named."""
    return {engine: given[kind.option.removeprefix("--").replace("-", "_")] for engine, kind in KINDS.items()}
