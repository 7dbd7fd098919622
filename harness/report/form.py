"""A form of a run's report: the file that is kept in the evidence folder, and what makes it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.records.sweep_result import SweepResult
from harness.report.finding import Report
from harness.report.sweep.source import sweep_report


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What the report of a run is made of.

    Attributes:
        sweeps: What each scenario came to.
        place: The evidence folder, as the user would type it.
        files: The file in which each scenario is declared, by its name, as the user would type it.
    """

    sweeps: Sequence[SweepResult]
    place: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def report(self) -> Report:
        """The same as the record that the forms of every source are written from."""
        return sweep_report(self.sweeps, folder=self.place, files=self.files)


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of the report.

    Attributes:
        file: Name of the file in the evidence folder.
        make: Makes the content of the file.
    """

    file: str
    make: Callable[[RunReport], bytes]
