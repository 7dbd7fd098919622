"""``crashproof faults``: what can be done to an agent."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from harness import faults as known
from harness.cli.output import say
from harness.faults import Fault

_EPILOG = """\b
Examples:
  crashproof faults
  crashproof faults model kill-server
  crashproof faults -o json
"""
_WIDTH = 110

_FINAL = "No attempt outlasts it: the work must end in a prompt, rightly classified failure, or a declared fallback."
_HOLDS = {
    "no answer": "It must be survived: the work ends as if nothing had happened.",
    "the answer": "It must be survived: the work ends as if nothing had happened.",
    "another answer": "The work may end otherwise than undisturbed: with another result, or in a failure of its own.",
}


@click.command(epilog=_EPILOG)
@click.argument("words", nargs=-1, metavar="[NAME|FAMILY|all]...")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the list.")
def faults(words: tuple[str, ...], form: str) -> int:
    """List the faults, or some of them: what happens, where, and what a right agent does."""
    chosen = known.chosen(words or ("all",))
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode([_as_json(fault) for fault in chosen]), indent=2))
        return 0
    for family in dict.fromkeys(fault.family for fault in chosen):
        say(family)
        for fault in chosen:
            if fault.family == family:
                say("\n".join(_lines(fault)))
    return 0


def _as_json(fault: Fault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "family": fault.family,
        "what": fault.what,
        "right": fault.right,
        "terminal": fault.terminal,
        "heard": fault.heard,
        "needs_tools": fault.needs_tools,
        "every": fault.every,
        "doors": fault.doors,
        "positions": fault.positions,
        "operations": fault.operations,
        "times": fault.times,
    }


def _lines(fault: Fault) -> Iterator[str]:
    yield f"  {fault.name}"
    for sentence in (fault.what, fault.right, _FINAL if fault.terminal else _HOLDS[fault.heard]):
        yield from textwrap.wrap(sentence, _WIDTH, initial_indent="    ", subsequent_indent="      ")
    yield f"    Made at {_place(fault)}."


def _place(fault: Fault) -> str:
    if fault.every == "cut":
        return "every cut: before each message, and after the last"
    doors = " and ".join(fault.operations or fault.doors)
    which = "every" if fault.every == "message" else "the first"
    where = f"{which} {doors} message, {' and '.join(fault.positions)} its execution"
    tools = ", where it offers tools to the model" if fault.needs_tools else ""
    return f"{where}{tools}" if fault.every == "message" else f"{where}, once for each type of activity{tools}"
