"""``crashproof demo``: the reference agent tortured, from an installed copy as well as from a checkout."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.cli.run import run
from harness.errors import UsageError
from harness.records import store as folders

_EPILOG = """\b
Examples:
  crashproof demo
  crashproof demo --broken
"""


@click.command(epilog=_EPILOG)
@click.option("--broken", is_flag=True, help="An agent that is subtly wrong, and how it is caught.")
@click.pass_context
def demo(context: click.Context, broken: bool) -> int:
    """Kill the reference agent at every message; it needs the extra `demo` (pip install 'crashproof[demo]')."""
    target = "scenarios/broken/effects.py::effect_without_key" if broken else "scenarios/research.py"
    out = Path.cwd() / folders.RUNS
    os.chdir(_home())
    status: int = context.invoke(run, targets=(target,), out=out)
    return status


def _home() -> Path:
    """Return the folder that holds ``scenarios``: beside the package in a checkout, inside it where installed."""
    package = Path(__file__).parent.parent
    for home in (package / "demo", package.parent):
        if (home / "scenarios" / "research.py").is_file():
            return home
    raise UsageError(f"no scenarios are installed with {package}: install crashproof again")
