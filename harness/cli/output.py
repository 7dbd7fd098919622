"""What a judging command prints and leaves behind: the report, in the form asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from harness import folder as folders
from harness.report import text as text_report
from harness.report.document import document
from harness.report.html import html
from harness.report.junit import junit
from harness.report.sarif import sarif
from harness.report.summary import summary
from harness.runs import Declared, versions
from harness.swept import Swept, outcome

FORMAT = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Form of the report on standard output.",
)


def shown_path(folder: Path) -> str:
    """Return a path as the user would type it: relative to the current folder where it is below it."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative


def show(swept: Sequence[Swept], *, folder: Path, form: str, points_only: bool = False) -> int:
    """Print the report of a run and return the exit status."""
    place = shown_path(folder)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(document(swept, folder=place)), indent=2))
    elif form == "jsonl":
        click.echo(msgspec.json.encode(document(swept, folder=place)))
    elif points_only:
        click.echo(text_report.points(swept))
    else:
        click.echo(text_report.text(swept, folder=place))
    return outcome(swept).exit_status


def keep(swept: Sequence[Swept], *, folder: Path, scenarios: Sequence[Declared] = ()) -> None:
    """Write the report into the evidence folder, in every form.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder.
        scenarios: Where the scenarios were declared.
    """
    place = shown_path(folder)
    files = {each.name: shown_path(Path(each.file)) for each in scenarios if each.file}
    folders.write_json(folder / "report.json", document(swept, folder=place))
    folders.write_json(folder / "report.sarif", sarif(swept, files=files, version=versions()["crashproof"]))
    folders.write_bytes(folder / "report.txt", text_report.text(swept, folder=place).encode() + b"\n")
    folders.write_bytes(folder / "report.html", html(swept, folder=place).encode())
    folders.write_bytes(folder / "report.junit.xml", junit(swept))
    folders.write_bytes(folder / "summary.md", summary(swept, folder=place).encode())
