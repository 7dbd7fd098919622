"""``crashproof explore`` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.unit.report.shapes import unlike

COMMAND = [sys.executable, "-m", "harness.cli"]
WORKER = f"{sys.executable} -m tests.replay.explored.worker"


def crashproof(*arguments: str, out: Path | None = None) -> tuple[int, str, str]:
    where = ["--out", str(out)] if out else []
    done = subprocess.run([*COMMAND, *arguments, *where], cwd=ROOT, capture_output=True, text=True, timeout=280)
    return done.returncode, done.stdout, done.stderr


def test_a_right_agent_is_explored_whole(tmp_path: Path) -> None:
    status, out, err = crashproof("explore", "scenarios/research.py::worker_dies", "-o", "json", out=tmp_path)
    assert status == 0, err
    told = json.loads(out)
    assert unlike(told, "explore") == []
    (scenario,) = told["scenarios"]
    assert (told["outcome"], told["findings"], scenario["whole"]) == ("PASS", [], True)
    assert scenario["states"] > 30
    assert scenario["executed"]


def test_a_finding_is_a_story_with_a_history_and_can_be_shown_again(tmp_path: Path) -> None:
    given = ["--worker", WORKER, "--task-queue", "agents", "--workflow", "ResetsApproval", "--signal", "approve"]
    status, out, err = crashproof("explore", *given, "-o", "jsonl", out=tmp_path)
    assert status == 1, err
    rows: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    (finding,) = [row for row in rows if row["kind"] == "finding"]
    assert finding["check"] == "message-lost"
    waits = "2. signal approve arrives: the workflow goes on waiting at tests/replay/explored/planted.py:"
    assert finding["story"][1].startswith(waits)
    assert json.loads(Path(finding["history"]).read_text())["events"][0]["eventType"].endswith("EXECUTION_STARTED")
    again, out, err = crashproof("reproduce", finding["id"], "--run", str(tmp_path / "latest"))
    assert again == 1, err
    assert "it ends as it did before" in out
    confirmed, out, err = crashproof("run", "--plan", finding["plan"])
    assert confirmed == 1, err
    assert "Explored, then confirmed on a real server" in out
    assert crashproof("run", "--plan", str(tmp_path / "none.json"))[0] == 2
    judged, out, err = crashproof("judge", str(tmp_path / "latest"), "-o", "json")
    assert judged == 1, err
    (anew,) = json.loads(out)["findings"]
    assert unlike(json.loads(out), "explore") == []
    assert (anew["id"], anew["story"], anew["on_server"]["why_not"]) == (finding["id"], finding["story"], "")


def test_what_cannot_be_explored_is_said(tmp_path: Path) -> None:
    assert crashproof("explore")[0] == 2
    status, _, err = crashproof("explore", "scenarios/research.py", "--budget", "fial=1", out=tmp_path)
    assert (status, "did you mean 'fail'?" in err) == (2, True)
    given = ["--worker", f"{sys.executable} -c 'raise SystemExit(4)'", "--workflow", "Any"]
    status, _, err = crashproof("explore", *given, out=tmp_path)
    assert (status, "exited with status 4" in err) == (3, True)


def test_a_thorough_run_explores_what_it_has_swept(tmp_path: Path) -> None:
    given = ["--worker", WORKER, "--task-queue", "agents", "--workflow", "ResetsApproval"]
    given += ["--signal", "approve@before/RespondActivityTaskCompleted/*"]
    limits = ["--thorough", "--faults", "kill-worker", "--only", "before/PollWorkflowTaskQueue/*", "--time-limit", "1"]
    status, out, err = crashproof("run", *given, *limits, "-o", "json", out=tmp_path)
    told = json.loads(out)
    assert (status, told["outcome"], told["exit_status"]) == (1, "FAIL", 1), err
    assert unlike(told, "run") == []
    assert [finding["check"] for finding in told["explored"]["findings"]] == ["message-lost"]
