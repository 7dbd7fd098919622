"""Every planted bug is caught by the check that is named for it, at the smallest plan; what is right passes.

Right are the look-alikes, the reference agent under every fault there is, and its other profiles and the agent of the
OpenAI Agents SDK under one fault of each kind. One command sweeps all: one has the processors while another waits.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from harness.app.declared_scenarios import declared_scenario
from harness.app.progress import silent
from harness.app.ready import measured_by_trials
from harness.readiness.measuring import checklist
from harness.readiness.points import POINTS
from harness.records.store import load_run
from harness.records.verdict import Outcome
from tests import ROOT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(2500)]

FILES = (
    *("answers", "clients", "deadlines", "effects", "executions", "fallbacks", "heartbeats", "outages"),
    *("published", "rate_limits", "retries", "state", "tools", "versions", "zombies"),
)
MODULES = [import_module(f"scenarios.broken.{name}") for name in FILES]
PLANTED = {name: planted for module in MODULES for name, planted in module.PLANTED.items()}
ALSO_PLANTED = [
    (name, planted)
    for module in MODULES
    for name, more in getattr(module, "ALSO_PLANTED", {}).items()
    for planted in more
]
RISKY = ("as_published", "endless_retry", "misspelt_error", "outage_without_end", "patch_rolled_back")
WASTEFUL = (
    *("bad_request_retried", "checkpoint_ignored", "client_retries", "quota_retried", "retry_after_ignored"),
    *("retry_after_seconds_only", "retry_in_retry"),
)
BROKEN_TOO = ("as_published", "effects-happen-once")
"""What one of the risky agents breaks as well."""
RIGHT = [
    import_module(f"scenarios.broken.{name}") for name in ("right", "clients", "deadlines", "executions", "versions")
]
OF_FILES = dict(zip(FILES, MODULES, strict=True)) | {"right": RIGHT[0]}
LOOKALIKES = [name for module in RIGHT for name in module.LOOKALIKES]
REFERENCE = ("every_fault", "paused_for_a_day", "usual_model_out", "conservative", "support_agents", "nothing_asked")
ALSO_FAILS = {"draft_in_memory": {"I1"}}
"""Which points else an agent fails that is planted for one: a draft that is lost is never published, so I1 as well."""
MAY_FAIL = {"set_order": {"D2"}}
"""The like by chance: the order of a set that a killed worker left may be that of the next one, or not."""
SWEPT = (
    *("tests/rig/sweeps/every_fault.py", "tests/rig/sweeps/one_of_each_kind.py"),
    *("scenarios/research.py::paused_for_a_day", "scenarios/broken/"),
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def report(out: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """One sweep of all agents of ``scenarios/broken``, and of those that are right, as a user runs it.

    Where only some of the tests are chosen (``-k approval``) it is one of their scenarios alone.
    """
    command = [sys.executable, "-m", "harness.cli", "run", *swept(request.session.items)]
    command += ["--out", str(out), "-o", "json"]
    command += ["--fail-on", "wasteful"]  # a bug that only costs, or will only break, is caught as well
    root = ROOT
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=2400, check=False)
    assert done.returncode in (0, 1), done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def swept(chosen: Sequence[pytest.Item]) -> Sequence[str]:
    """Return what is to be swept for the tests of this module that are chosen."""
    mine = [item for item in chosen if isinstance(item, pytest.Function) and item.module.__name__ == __name__]
    names = {item.callspec.params["scenario"] for item in mine if hasattr(item, "callspec")}
    files = {name: f"scenarios/broken/{file}.py::{name}" for file, module in OF_FILES.items() for name in vars(module)}
    few = 0 < len(names) < len(PLANTED) // 2 and names <= files.keys()
    return sorted(files[name] for name in names) if few else SWEPT


def outcome(report: dict[str, Any], *, scenario: str, check: str, plan: str) -> str:
    trials = [trial for trial in report["trials"]["verdicts"] if trial["scenario"] == scenario]
    asked = [trial for trial in trials if trial["plan"].removesuffix(";real-time") == plan]
    assert asked, f"{scenario} was not tried under {plan}; it was under {[trial['plan'] for trial in trials]}"
    # What is wrong without a strike shows in every trial, where a busy machine does not excuse it.
    said = [trial["checks"][check] for trial in (trials if plan == "baseline" else asked)]
    return "FAIL" if "FAIL" in said else str(said[0])


def test_there_are_enough_of_them() -> None:
    assert len(PLANTED) >= 25
    assert len(LOOKALIKES) >= 13


@pytest.mark.parametrize(("scenario", "planted"), [*PLANTED.items(), *ALSO_PLANTED])
def test_planted_bug_is_caught(report: dict[str, Any], scenario: str, planted: tuple[str, str]) -> None:
    check, plan = planted
    assert outcome(report, scenario=scenario, check=check, plan=plan) == "FAIL"
    severities = [
        found["severity"] for found in report["findings"] if (found["scenario"], found["check"]) == (scenario, check)
    ]
    expected = "risky" if scenario in RISKY else "wasteful" if scenario in WASTEFUL else "broken"
    expected = "broken" if (scenario, check) == BROKEN_TOO else expected
    assert set(severities) == {expected}


@pytest.mark.parametrize(
    ("scenario", "check", "line"),
    [
        ("effect_without_key", "effects-happen-once", 'plumbing.effect("charge"'),
        ("misspelt_error", "retry-names-exist", "non_retryable_error_types="),
        ("slow_beats", "heartbeat-in-time", "asyncio.sleep(4)"),
        ("reservation_left", "gives-up-cleanly", ""),  # what is not there stands in no line
    ],
)
def test_a_finding_is_told_with_the_line_of_code_that_explains_it(
    report: dict[str, Any], scenario: str, check: str, line: str
) -> None:
    found = next(each for each in report["findings"] if (each["scenario"], each["check"]) == (scenario, check))
    assert [line in each["text"] for each in found["code"]] == [True] * bool(line)
    for each in found["code"]:
        place = each["place"]
        assert Path(place["file"]).stem == scenario
        assert (ROOT / place["file"]).read_text().splitlines()[place["line"] - 1] == each["text"]


@pytest.mark.parametrize("scenario", [*REFERENCE, *LOOKALIKES])
def test_what_is_right_passes(report: dict[str, Any], scenario: str) -> None:
    assert [found for found in report["findings"] if found["scenario"] == scenario] == []
    told = next(found for found in report["scenarios"] if found["name"] == scenario)
    assert told["outcome"] == "PASS"
    assert told["points"]["struck"] == told["points"]["known"] > 0
    assert told["vacuous"] == 0


def failing_points(run: Path, scenario: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the points of the checklist that a scenario alone fails, by what was swept of it."""
    monkeypatch.chdir(ROOT)
    record = load_run(run)
    declared = next(each for each in record.scenarios if each.name == scenario)
    sweeps = [sweep for sweep in record.sweeps if sweep.scenario == scenario]
    measured = measured_by_trials(sweeps, folder=run, scenarios=[declared_scenario(declared)], tell=silent)
    return {point.id for point in checklist(measured).points if point.outcome is Outcome.FAIL}


@pytest.mark.parametrize("scenario", sorted({point.planted.partition("::")[2] for point in POINTS}))
@pytest.mark.usefixtures("report")
def test_an_agent_planted_for_a_point_fails_it_and_no_other(
    out: Path, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = {point.id for point in POINTS if point.planted.endswith(f"::{scenario}")}
    failing = failing_points(out / "latest", scenario, monkeypatch)
    assert failing - MAY_FAIL.get(scenario, set()) == planted | ALSO_FAILS.get(scenario, set())


@pytest.mark.parametrize("scenario", ["paused_for_a_day", "usual_model_out"])
@pytest.mark.usefixtures("report")
def test_the_reference_agent_fails_no_point(out: Path, scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing_points(out / "latest", scenario, monkeypatch) == set()
