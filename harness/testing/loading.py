"""The scenarios of files and folders, for tests that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.app.loading import load
from harness.records.scenario import Scenario
from harness.report.files import shown_path


def load_scenarios(*targets: str | Path) -> Sequence[Scenario]:
    """Return the scenarios that files and folders declare, as `crashproof run` takes them.

    Args:
        targets: Files, folders (the files directly in each), ``FILE::NAME``, or names.

    Raises:
        UsageError: A target names nothing, or a file cannot be loaded.
    """
    return load([str(shown_path(Path(each))) if Path(each).is_absolute() else str(each) for each in targets])
