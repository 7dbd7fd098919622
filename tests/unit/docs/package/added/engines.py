"""An engine that crashproof does not have: the development server, found by an option of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.servers.binaries import TEMPORAL
from harness.servers.dev import DevServer
from harness.servers.engine import Engine

MINE = Engine(
    name="mine",
    title="a development server of one's own",
    binary=replace(
        TEMPORAL, name="my-temporal", title="my own Temporal CLI", option="--my-temporal", variable="MY_TEMPORAL"
    ),
    module=__name__,
    needs=frozenset({"persistence", "restart", "acceleration"}),
    own_clocks=True,
)


def server(binary: Path, *, folder: Path, skips_time: bool) -> DevServer:
    """Make a server of the engine."""
    return DevServer(binary, folder=folder, skips_time=skips_time)
