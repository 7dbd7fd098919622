"""What runs showed to be wrong is read from their evidence folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit.observed import happened
from harness.errors import UsageError
from tests.unit.audit.saved_runs import saved_run


@pytest.mark.parametrize("local", [False, True])
def test_an_evidence_folder_tells_what_took_part(tmp_path: Path, local: bool) -> None:
    saved_run(tmp_path / "run", local=local)
    effect, difference = happened("run", cwd=tmp_path)
    assert (effect.check, set(effect.near)) == ("effects-happen-once", {"Agent", "charge"})
    assert "note" in effect.names
    assert effect.source == "trial abc123 of agent, baseline"
    assert (difference.line, set(difference.workflows)) == ("flow.py:31 in run", {"Agent"})


def test_a_run_is_found_by_its_id_and_as_the_latest(tmp_path: Path) -> None:
    runs = tmp_path / ".crashproof" / "runs"
    saved_run(runs / "20260101T000000Z-abcd")
    (runs / "latest").symlink_to("20260101T000000Z-abcd")
    assert happened("latest", cwd=tmp_path) == happened("20260101T000000Z-abcd", cwd=tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no run: name an evidence folder, or a file with a report as JSON"),
        ("{", "cannot be read"),
        (
            '{"findings": [], "files": []}',
            "run is no report of `crashproof run -o json`",
        ),
        ("folder", "run is no evidence folder: it has no run.json"),
    ],
)
def test_what_is_no_evidence_is_refused(tmp_path: Path, content: str | None, says: str) -> None:
    if content == "folder":
        (tmp_path / "run").mkdir()
    elif content is not None:
        (tmp_path / "run").write_text(content)
    with pytest.raises(UsageError, match=says.split("`")[0]):
        happened("run", cwd=tmp_path)
