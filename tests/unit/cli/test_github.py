"""In a job of GitHub Actions findings are annotated and the summary is on the job's page; elsewhere nothing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.github import tell_github
from harness.errors import UsageError
from harness.records.audit_result import CodePlace
from harness.report.sweep.source import sweep_report
from tests.unit.report.samples import FAILED

REPORT = sweep_report([FAILED], places={"trip": CodePlace(file="trips/trip.py", line=7, column=0)})


@pytest.fixture(autouse=True)
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "agents").mkdir()
    monkeypatch.chdir(tmp_path / "agents")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    (tmp_path / "page.md").write_text("before\n")
    return tmp_path / "page.md"


def test_a_job_is_told(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_github(REPORT, "## crashproof: FAIL")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("::error file=agents/trips/trip.py,line=7,title=effects-happen-once (broken)::")
    assert page.read_text() == "before\n## crashproof: FAIL\n"


def test_elsewhere_nothing_is_said(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    tell_github(REPORT, "## crashproof: FAIL")
    assert capsys.readouterr() == ("", "")
    assert page.read_text() == "before\n"


def test_a_page_that_cannot_be_written_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(UsageError, match="GITHUB_STEP_SUMMARY names"):
        tell_github(REPORT, "")
