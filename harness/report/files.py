"""The report of a run as files in its evidence folder, in every form."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness import extensions, report
from harness.records import files
from harness.records import store as folders
from harness.records.audit_result import CodePlace
from harness.records.run_record import DeclaredScenario
from harness.records.sweep_result import SweepResult
from harness.report import html, sweep
from harness.report.declared import declared_place
from harness.report.form import Form, RunReport


def shown_path(folder: Path) -> str:
    """Return a path as the user would type it: relative to the current folder where it is below it."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative


def keep(sweeps: Sequence[SweepResult], *, folder: Path, scenarios: Sequence[DeclaredScenario] = ()) -> None:
    """Write the report into the evidence folder, in every form.

    Args:
        sweeps: What each scenario came to.
        folder: The evidence folder.
        scenarios: Where the scenarios were declared.
    """
    record = folders.load_run(folder) if (folder / "run.json").is_file() else None
    run = RunReport(
        sweeps=sweeps, place=shown_path(folder), places=declared_places(scenarios), record=record, folder=folder
    )
    for form in forms():
        files.write_bytes(folder / form.file, form.make(run))


def declared_places(scenarios: Sequence[DeclaredScenario]) -> dict[str, CodePlace]:
    """Return where each scenario is declared, by its name, with files as the user would type them."""
    places = {each.name: declared_place(each) for each in scenarios}
    return {
        name: replace(place, file=shown_path(Path(place.file))) for name, place in places.items() if place is not None
    }


@functools.cache
def forms() -> tuple[Form, ...]:
    """Return every form: each ``Form`` of a module of this room, ``sweep`` and ``html``, then those of extensions.

    Raises:
        UsageError: Two are kept in the same file.
    """
    own = (module for room in (report, sweep, html) for module in extensions.modules_of(room))
    modules = (*own, *extensions.installed("reports"))
    return tuple(extensions.by_name(extensions.values_in(modules, Form), what="report files", key="file").values())
