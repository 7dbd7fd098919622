"""A form of a run's report: the file that is kept in the evidence folder, and what makes it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError
from harness.records.audit_result import CodePlace
from harness.records.checklist import Checklist
from harness.records.evidence import Evidence
from harness.records.files import read_json
from harness.records.run_record import RunRecord
from harness.records.store import CHECKLIST, load_evidence
from harness.records.sweep_result import SweepResult
from harness.records.withheld import WITHHELD
from harness.report.finding import Report
from harness.report.phrases import reproducing
from harness.report.sweep.source import Reproduce, sweep_report


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What the report of a run is made of.

    Attributes:
        sweeps: What each scenario came to.
        place: The evidence folder, as the user would type it.
        places: Where each scenario is declared, by its name, with files as the user would type them.
        record: What was run, and with what; None where that is not known.
        folder: The evidence folder itself; None where there is none.
    """

    sweeps: Sequence[SweepResult]
    place: str = ""
    places: Mapping[str, CodePlace] = field(default_factory=dict)
    record: RunRecord | None = None
    folder: Path | None = None

    @functools.cached_property
    def reproduce(self) -> Reproduce:
        """Returns the command that runs a trial again; of a scrubbed copy that is the one of the run itself."""
        is_copy = self.record is not None and self.record.cwd == WITHHELD
        return reproducing("" if is_copy else self.place)

    @functools.cached_property
    def report(self) -> Report:
        """The same as the record that the forms of every source are written from."""
        return sweep_report(self.sweeps, folder=self.place, places=self.places, reproduce=self.reproduce)

    @functools.cached_property
    def checklist(self) -> Checklist | None:
        """The checklist that was filled from the run; None where none was."""
        if self.folder is None or not (self.folder / CHECKLIST).is_file():
            return None
        return read_json(self.folder / CHECKLIST, Checklist)

    def evidence(self, trial: str) -> Evidence | None:
        """Return what a trial left behind; None where it is not there or cannot be read."""
        if self.folder is None:
            return None
        try:
            return load_evidence(self.folder / "trials" / trial)
        except UsageError:
            return None


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of the report.

    Attributes:
        file: Name of the file in the evidence folder.
        make: Makes the content of the file.
    """

    file: str
    make: Callable[[RunReport], bytes]
