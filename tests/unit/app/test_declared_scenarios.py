"""A later command has the scenarios of a run again, with the checks and the options that it had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.app.ad_hoc import NAMELESS
from harness.app.declared_scenarios import KEPT, declaration, declared_scenario, go_to, judged_by, kept_options
from harness.cli.ad_hoc import NAMES
from harness.errors import UsageError
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.scenario import Scenario, start

TRIP = Scenario(name="files.trip", worker="python worker.py", work=start("Trip"), file="files.py")
OPTIONS = {**dict.fromkeys(NAMES), "worker": "python worker.py", "one_program": True}
OPTIONS |= dict.fromkeys(("input", "signal", "query", "update", "env"), ())


def record(**more: object) -> RunRecord:
    return RunRecord(command=("crashproof",), started=1.0, scenarios=(), **{"cwd": "/", **more})  # type: ignore[arg-type]


def test_a_declaration_names_file_variable_and_checks() -> None:
    judged = judged_by(TRIP, only=("history-well-formed",), skipped=())
    declared = DeclaredScenario(
        name="files.trip",
        variable="trip",
        file="files.py",
        worker="python worker.py",
        checks=("history-well-formed",),
    )
    assert declaration(judged) == declared
    assert declaration(judged, variable="").variable == ""
    everything = set(declaration(TRIP).checks)
    assert everything - set(declaration(judged_by(TRIP, only=(), skipped=("history-well-formed",))).checks) == {
        "history-well-formed"
    }


def test_a_scenario_of_a_file_is_loaded_again_under_its_name_in_the_run(tmp_path: Path) -> None:
    file = tmp_path / "files.py"
    file.write_text("from harness import Scenario, start\ntrip = Scenario(worker='w', work=start('Trip'))\n")
    declared = DeclaredScenario(name="files.trip", variable="trip", file=str(file), checks=("a",))
    again = declared_scenario(declared)
    assert (again.name, again.checks, again.worker) == ("files.trip", ("a",), "w")
    with pytest.raises(UsageError, match="no scenario is called 'gone'"):
        declared_scenario(DeclaredScenario(name="gone", variable="gone", file=str(file)))


@pytest.mark.parametrize("name", [NAMELESS, "as it was called then"])
def test_an_ad_hoc_scenario_is_made_again_of_its_options(name: str) -> None:
    again = declared_scenario(DeclaredScenario(name=name, options=OPTIONS, checks=("a",)))
    assert (again.name, again.worker, again.checks) == (name, "python worker.py", ("a",))


def test_faults_that_are_not_those_of_the_declaration_are_had_again() -> None:
    declared = DeclaredScenario(name="trip", options=OPTIONS)
    assert declared_scenario(declared).faults == ("kill-worker",)
    assert declared_scenario(replace(declared, faults=("model-401",))).faults == ("model-401",)


def test_the_options_that_trials_depend_on_are_kept_and_no_others() -> None:
    options = SweepOptions(real_time=True, only=("before/*",), faults=("model",), once_each=True, max_failures=3)
    kept = {name: getattr(options, name) for name in KEPT}
    assert kept_options(record(options=kept)) == replace(options, max_failures=0)
    assert kept_options(record()) == SweepOptions()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="which is gone"):
        go_to(record(cwd=str(tmp_path / "gone")))
