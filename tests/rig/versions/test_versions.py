"""The oldest and the newest supported server and SDK, each with the other: a worker is tortured and survives.

`nox -s servers` brings the oldest ones in an environment of their own, and names it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT, TESTS

pytestmark = [pytest.mark.server_versions, pytest.mark.timeout(600)]

OLDEST = "CRASHPROOF_TEST_OLDEST"
"""Environment variable that names the environment with the oldest supported server and SDK."""

WORKER = TESTS / "rig" / "versions" / "worker.py"
LIMIT = 500.0  # seconds for a run, on a busy machine


@pytest.fixture(scope="module")
def oldest() -> Path:
    """The folder of programs in the environment of the oldest versions."""
    assert os.environ.get(OLDEST), f"{OLDEST} names no environment: run these tests by `nox -s servers`"
    return Path(os.environ[OLDEST]) / "bin"


def run(folder: Path, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """Return the report of ``crashproof run``."""
    command = [sys.executable, "-m", "harness.cli", "run", *map(str, arguments), "-o", "json", "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == status, done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def charging(python: Path | str) -> list[str]:
    """Return the options that torture the worker of this folder under a Python."""
    worker = shlex.join([str(python), str(WORKER)])
    given = ["--worker", worker, "--task-queue", "charging", "--workflow", "Charging", "--input", '"Ada"']
    return [*given, "--faults", "kill-worker,kill-server,reply-lost"]


def assert_all_passed(report: dict[str, Any]) -> None:
    assert report["outcome"] == "PASS", report["findings"]
    assert report["points"]["struck"] == report["points"]["known"] >= 20


def test_the_versions_are_those_that_are_said_to_be_supported(oldest: Path) -> None:
    told = subprocess.run([oldest / "temporal", "--version"], capture_output=True, text=True, check=True).stdout
    assert "(Server 1.29." in told
    code = "from importlib.metadata import version; print(version('temporalio'))"
    told = subprocess.run([oldest / "python", "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "1.20.0\n"


def test_a_worker_on_the_oldest_sdk_is_tortured_on_the_newest_server(oldest: Path, tmp_path: Path) -> None:
    report = run(tmp_path, *charging(oldest / "python"))
    assert_all_passed(report)
    notes = [note for each in report["scenarios"] for note in each["notes"]]
    assert any("Worker processes were forked" in note for note in notes)
    assert any("replayed by the worker itself" in note for note in notes)
    (evidence,) = tmp_path.glob("*-*")
    replayed = [json.loads(each.read_text()) for each in evidence.glob("trials/*/replays.json")]
    assert any(each.get("tasks") and not each.get("skipped") for trial in replayed for each in trial or ())


def test_a_worker_on_the_oldest_sdk_is_tortured_on_the_oldest_server(oldest: Path, tmp_path: Path) -> None:
    assert_all_passed(run(tmp_path, *charging(oldest / "python"), "--temporal", oldest / "temporal"))


def test_the_oldest_server_skips_no_time_and_says_which_one_does(oldest: Path, tmp_path: Path) -> None:
    """The reference agent on it survives, too."""
    report = run(tmp_path, "scenarios/research.py", "--temporal", oldest / "temporal")
    dies, paused = report["scenarios"]
    assert (dies["name"], dies["outcome"]) == ("worker_dies", "PASS")
    assert paused["name"] == "paused_for_a_day"
    assert "server 1.29) has no time skipping; server 1.32 and later can" in paused["inapplicable"]
    assert "run `pip install 'crashproof[server]'`" in paused["inapplicable"]
