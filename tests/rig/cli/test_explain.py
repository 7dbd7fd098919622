"""What a check, a rule or a fault is about is told by its name."""

from __future__ import annotations

from pathlib import Path

from tests.rig.cli.running import crashproof


def test_checks_rules_and_faults_are_explained_by_name(tmp_path: Path) -> None:
    for name, begins in (
        ("effects-happen-once", "effects-happen-once (broken)\n"),
        ("cp106", "CP106 set-order-reaches-command (certain; broken)\n"),
        ("kill-worker", "  kill-worker\n"),
        ("o1", "O1 (observability, of the checklist of crashproof ready)"),
        ("checks", "# Checks of crashproof run\n"),
    ):
        done = crashproof("explain", name, cwd=tmp_path)
        assert done.status == 0
        assert done.out.startswith(begins)
