"""The options of commands that start a server: which engine, and which binary of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from harness.servers.binaries import KINDS, find_for
from harness.servers.candidates import Binary
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


async def find_binary(engine: str, given: Mapping[str, Any], *, progress: Callable[[str], None]) -> Binary:
    """Find the binary of an engine, or get it.

    Raises:
        UsageError: What the user named does not work.
        RigError: None was found and none could be got.
    """
    return await find_for(engine, given[KINDS[engine].option.removeprefix("--").replace("-", "_")], progress=progress)
