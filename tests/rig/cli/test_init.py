"""`crashproof init` in an empty folder: what it writes passes at once."""

from __future__ import annotations

from pathlib import Path

from tests.rig.cli.running import crashproof


def test_what_it_writes_is_tortured_and_audited_at_once(tmp_path: Path) -> None:
    planned = crashproof("init", "--dry-run", cwd=tmp_path)
    assert "would be written  scenarios/agent.py" in planned.out
    assert not (tmp_path / "scenarios").exists()
    written = crashproof("init", cwd=tmp_path)
    assert written.out.endswith("Now: crashproof run scenarios/\n")
    done = crashproof("run", "scenarios/", "-o", "json", cwd=tmp_path)
    assert done.json["outcome"] == "PASS", done
    assert done.json["points"]["struck"] == done.json["points"]["known"] > 0
    assert crashproof("audit", ".", cwd=tmp_path).status == 0
