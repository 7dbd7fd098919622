"""The report of a run as files in its evidence folder, in every form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.records import store as folders
from harness.records.run_record import DeclaredScenario, versions
from harness.records.sweep_result import SweepResult
from harness.report.html.page import html
from harness.report.sweep import text as text_report
from harness.report.sweep.document import document
from harness.report.sweep.junit import junit
from harness.report.sweep.sarif import sarif
from harness.report.sweep.summary import summary


def shown_path(folder: Path) -> str:
    """Return a path as the user would type it: relative to the current folder where it is below it."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative


def keep(swept: Sequence[SweepResult], *, folder: Path, scenarios: Sequence[DeclaredScenario] = ()) -> None:
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
