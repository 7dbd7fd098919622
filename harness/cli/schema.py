"""``crashproof schema``: the JSON schema of what a command prints with ``-o json``."""

from __future__ import annotations

import click

from harness.report.document import indented
from harness.report.schema import NAMES
from harness.report.schema import schema as schema_of

_EPILOG = """\b
Examples:
  crashproof schema run > run.schema.json
  crashproof schema audit
`run` is also what judge, report, reproduce and demo print; `judged` is the head that all documents have.
"""


@click.command(epilog=_EPILOG)
@click.argument("name", type=click.Choice(NAMES))
def schema(name: str) -> int:
    """Print the JSON schema of what a command prints with -o json."""
    click.echo(indented(schema_of(name)))
    return 0
