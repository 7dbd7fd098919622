"""``crashproof ready`` as a user calls it: from a run of its own, and from one that is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests import ROOT

COMMAND = [sys.executable, "-m", "harness.cli", "ready"]
AGENT = "scenarios/broken/effects.py::effect_without_key"


def ready(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of the run and the document of a checklist, measured with a kill at every moment alone."""
    out = tmp_path_factory.mktemp("ready")
    page, badge = out / "ready.md", out / "ready.svg"
    given = ("--out", str(out), "--markdown", str(page), "--badge", str(badge), "-o", "json")
    done = ready(AGENT, "--faults", "kill-worker", "--not-applicable", "C1=it asks no model", *given)
    assert done.returncode == 1, done.stderr
    return out, json.loads(done.stdout)


def test_twelve_points_beside_the_usual_fields(measured: tuple[Path, dict[str, Any]]) -> None:
    _, told = measured
    assert (told["outcome"], told["exit_status"], len(told["checklist"])) == ("FAIL", 1, 12)
    assert told["points"]["struck"] == told["points"]["known"] > 0
    assert all({"id", "theme", "outcome", "why", "evidence", "remedy"} <= point.keys() for point in told["checklist"])
    points = {point["id"]: point for point in told["checklist"]}
    assert points["I1"]["outcome"] == "FAIL"
    assert "charge" in points["I1"]["why"]
    assert Path(ROOT / points["I1"]["evidence"][0]).is_dir()
    assert points["D2"]["outcome"] == points["D1"]["outcome"] == "PASS"
    assert points["D1"]["why"].endswith("conditions")
    assert points["C1"]["why"] == "said by the user: it asks no model"
    assert points["C2"]["why"] == "the work asks no model"
    assert points["H1"]["why"].endswith("(model-slow: not applicable)"), "work that asks no model cannot meet it"
    assert points["H2"]["why"] == "not struck: cancel-workflow"
    assert points["I2"]["why"].startswith("not struck: request-repeated")


def test_the_page_the_badge_and_the_report_say_the_same(measured: tuple[Path, dict[str, Any]]) -> None:
    out, told = measured
    page = (out / "ready.md").read_text()
    assert page.startswith("# Production readiness: FAIL")
    assert "Signed off by:" in page
    assert ElementTree.parse(out / "ready.svg").getroot().tag.endswith("svg")
    report = (out / "latest" / "report.html").read_text()
    assert all(point["title"] in report for point in told["checklist"])


def test_a_run_that_is_there_fills_the_same_points(measured: tuple[Path, dict[str, Any]]) -> None:
    out, told = measured
    done = ready("--from", str(out / "latest"), "--not-applicable", "c1=it asks no model", "-o", "json")
    again = json.loads(done.stdout)
    assert (done.returncode, again["checklist"]) == (1, told["checklist"])
    text = ready("--from", str(out / "latest")).stdout
    assert "  FAIL            I1  Each effect once\n" in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "nothing to run"),
        (("--from", "nowhere"), "no evidence folder"),
        (("--from", "latest", AGENT), "give no scenario"),
        ((AGENT, "--not-applicable", "C9=x"), "no point is called 'C9'"),
        ((AGENT, "--not-applicable", "C1"), "say why"),
        ((AGENT, "--faults", "kill-wroker"), "kill-worker"),
        ((AGENT, "--badge", "nowhere/b.svg"), "there is no folder"),
    ],
)
def test_what_cannot_be_filled_is_said(given: tuple[str, ...], said: str) -> None:
    done = ready(*given)
    assert done.returncode == 2
    assert said in done.stderr
