"""``crashproof faults``: what can be done to an agent."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from harness import faults as known
from harness.cli.output import say
from harness.faults import Fault
from harness.faults.sources import source_of
from harness.report.explain import fault_lines

_EPILOG = """\b
Examples:
  crashproof faults
  crashproof faults model kill-server
  crashproof faults --family model -o json
"""
_WIDTH = 110


@click.command(epilog=_EPILOG)
@click.argument("words", nargs=-1, metavar="[NAME|FAMILY|all]...")
@click.option("--family", "family", multiple=True, metavar="NAME", help="A family; the same as its name alone.")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the list.")
def faults(words: tuple[str, ...], family: tuple[str, ...], form: str) -> int:
    """List the faults, or some of them: what happens, where, and what a right agent does."""
    chosen = known.chosen((*words, *family) or ("all",))
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode([_as_json(fault) for fault in chosen]), indent=2))
        return 0
    for name in dict.fromkeys(fault.family for fault in chosen):
        say(name)
        for fault in chosen:
            if fault.family == name:
                say("\n".join(fault_lines(fault, _WIDTH)))
    return 0


def _as_json(fault: Fault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "family": fault.family,
        "what": fault.what,
        "right": fault.right,
        "source": source_of(fault.name),
        "terminal": fault.terminal,
        "heard": fault.heard,
        "needs_tools": fault.needs_tools,
        "every": fault.every,
        "doors": fault.doors,
        "positions": fault.positions,
        "operations": fault.operations,
        "times": fault.times,
    }
