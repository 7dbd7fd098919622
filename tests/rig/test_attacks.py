"""What a worker does to get away: a daemon of its own, an emptied environment, better manners while it is watched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.processes import tree
from tests.rig.cli.running import crashproof, worker_options


def entries(cwd: Path) -> list[dict[str, Any]]:
    """Return what is on the tapes of all trials of the last run."""
    tapes = cwd.glob(".crashproof/runs/2*/trials/*/tape.jsonl")
    return [json.loads(line) for tape in tapes for line in tape.read_text().splitlines()]


@pytest.mark.parametrize("cleared", [False, True], ids=["environment kept", "environment cleared"])
def test_attack_by_a_daemon(tmp_path: Path, cleared: bool) -> None:
    """What the daemon sends are points, it is struck there, and it dies with the worker that started it."""
    daemons = tmp_path / "daemons"
    options = worker_options("in_a_daemon", workflow="Charging", task_queue="q")
    done = crashproof(
        "run",
        *options,
        "--only",
        "*/RespondActivityTaskCompleted/*",
        cwd=tmp_path,
        env={"DAEMONS": str(daemons), **({"CLEAR": "1"} if cleared else {})},
    )
    assert done.status == 0, done
    assert "of 2 points struck" in done.out
    pids = [int(line) for line in daemons.read_text().split()]
    assert len(pids) >= 5, "one in each baseline or two, and two in each struck trial"
    assert [pid for pid in pids if (seen := tree.look(pid)) and not seen.dead] == []
    answers = [each for each in entries(tmp_path) if each["operation"] == "RespondActivityTaskCompleted"]
    assert answers
    assert {each.get("worker", 0) for each in answers} <= {1, 2}


def test_attack_by_good_manners_while_watched(tmp_path: Path) -> None:
    """Nothing of crashproof's own is in the environment of a worker but addresses."""
    options = worker_options("only_when_tried", workflow="Charging", task_queue="q")
    done = crashproof("run", *options, "--only", "before/RespondActivityTaskCompleted/*", cwd=tmp_path)
    assert done.status == 1, done
    assert "charge" in done.out
