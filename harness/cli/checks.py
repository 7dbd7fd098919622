"""``crashproof checks``: what is checked."""

from __future__ import annotations

import click
import msgspec

from harness.checks.catalogue import standard
from harness.cli.output import say

_EPILOG = """\b
Example: crashproof checks -o json
"""


@click.command(epilog=_EPILOG)
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the list.")
def checks(form: str) -> int:
    """List the standard checks and the property that each looks at."""
    if form == "json":
        listing = [{"name": each.name, "property": each.property} for each in standard()]
        click.echo(msgspec.json.format(msgspec.json.encode(listing), indent=2))
        return 0
    width = max(len(each.name) for each in standard())
    for each in standard():
        say(f"{each.name:<{width}}  {each.property}")
    return 0
