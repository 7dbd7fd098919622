"""Where reports cannot go is told before a run, and not after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.app.report import make_report_folder
from harness.errors import UsageError


def test_a_folder_for_reports_is_made_or_refused(tmp_path: Path) -> None:
    make_report_folder(tmp_path / "artifacts" / "crashproof")
    make_report_folder(tmp_path / "artifacts" / "crashproof")
    assert list((tmp_path / "artifacts").iterdir()) == [tmp_path / "artifacts" / "crashproof"]
    (tmp_path / "taken").touch()
    for refused in (tmp_path / "taken", tmp_path / "taken" / "below", Path("/dev/null/crashproof")):
        with pytest.raises(UsageError, match="no reports can be written to"):
            make_report_folder(refused)
