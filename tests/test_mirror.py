"""Every module of harness has its tests: in a file of the same name below unit or rig, or where this list says."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests import ROOT, TESTS

TRIED_ELSEWHERE = {
    "app/audit*": ("rig/cli/test_audit.py", "the command is this function and the printing of its result"),
    "app/connection": ("rig/cli/test_capture.py", "connecting needs a server"),
    "app/model_*": ("rig/cli/test_model.py", "the command is this and the printing of where it is"),
    "app/confirm": ("rig/cli/test_explore.py", "the command is this function and the printing of its result"),
    "app/replay": ("rig/cli/test_replay.py", "the command is this function and the printing of its result"),
    "app/re*": ("rig/cli/test_run.py", "going on and reproducing need a run"),
    "app/run": ("rig/cli/test_run.py", "a run needs a server"),
    "*/scrub": ("rig/cli/test_secrets.py", "what may not be left is looked for where secrets are"),
    "app/explore": ("rig/cli/test_explore.py", "the command is this function and the printing of its result"),
    "app/progress": ("rig/cli/test_replay.py", "progress is seen where something takes its time"),
    "audit/analysis/*": ("unit/audit/test_corpus.py", "what rules share is tried through the rules"),
    "audit/code/*": ("unit/audit/code/test_project.py", "asked through Project, as the rules ask"),
    "audit/histories/*": ("unit/audit/histories/test_history_facts.py", "each case of a history is tried there"),
    "audit/rule": ("unit/audit/test_rules.py", "a record"),
    "audit/rules/*": ("unit/audit/test_corpus.py", "each rule is tried on its own corpus of bad and right code"),
    "sweeps/seen": ("unit/sweeps/test_sweep.py", "a record, which the sweep fills"),
    "sweeps/swept_so_far": ("unit/sweeps/test_sweep.py", "a record, as a sweep returns it"),
    "sweeps/side_by_side": ("rig/cli/test_run.py", "several sweeps side by side need a server"),
    "*/campaign*": ("rig/campaign/test_campaign.py", "a campaign needs a cluster"),
    "campaign/*": ("rig/campaign/test_campaign.py", "machines need a cluster, and servers for their trials"),
    "cli/__main__": ("rig/test_orphans.py", "one line, by which tests start the command"),
    "cli/ad_hoc": ("unit/app/test_ad_hoc.py", "options alone; the scenario that they make is tried there"),
    "cli/capture_report": ("rig/cli/test_capture.py", "what the command prints"),
    "cli/connection": ("rig/cli/test_capture.py", "options alone"),
    "cli/engine": ("rig/cli/test_main.py", "options alone"),
    "cli/[cdf]*": ("rig/cli/test_main.py", "a command that prints a list or starts another command"),
    "cli/schema": ("unit/report/test_schema.py", "the printing of a schema"),
    "cli/reproduce": ("rig/cli/test_run.py", "reproducing needs a run"),
    "doors/decision": ("unit/trial/test_dispatch.py", "a record"),
    "doors/http/*": ("rig/doors/http/test_doors.py", "the other end of the doors' process"),
    "faults/*": ("unit/faults/test_catalogue.py", "values: what holds for each fault is tried for all of them"),
    "histories/cluster": ("rig/histories/test_capture.py", "reading from a cluster needs one"),
    "processes/child_program": ("rig/processes/test_child_channel.py", "the other end of the channel"),
    "processes/forkserver/*": ("rig/processes/forkserver/test_parent.py", "what forks is tried from its parent"),
    "processes/ke*": ("rig/processes/test_process.py", "a program that stands between a process and what starts it"),
    "processes/tree": ("rig/processes/test_process.py", "what lives is seen there"),
    "records/*": ("unit/records/test_result_json.py", "plain records; what is stored of them is read again there"),
    "replay/door/*": ("rig/replay/door/test_door.py", "a worker process asks it"),
    "replay/explore/*": ("rig/replay/explore/test_exploring.py", "a worker process is asked"),
    "replay/like_histories": ("rig/replay/in_process/test_standing.py", "how they are replayed needs processes"),
    "replay/no_doors": ("rig/replay/in_process/test_standing.py", "variables, which code that is replayed reads"),
    "replay/in_process/*": ("rig/replay/in_process/test_process.py", "the other end of a replaying process"),
    "report/*": ("unit/report/test_files.py", "every form of a report is written there"),
    "temporal/marker": ("unit/temporal/test_command.py", "names alone"),
    "testing/*": ("rig/test_pytest_plugin.py", "the fixtures are tried as a test uses them"),
    "trial/*": ("rig/trial/test_trial.py", "a part that needs a server and a worker"),
}
"""Modules without a test file of their own: where they are tried, and why there. The first pattern that fits counts."""


def modules() -> list[Path]:
    """Return the modules of harness, without those that only gather names, relative to harness/."""
    files = sorted((ROOT / "harness").rglob("*.py"))
    return [file.relative_to(ROOT / "harness") for file in files if file.name != "__init__.py"]


def has_tests_of_its_name(module: Path) -> bool:
    return any((TESTS / kind / module.parent / f"test_{module.stem}.py").is_file() for kind in ("unit", "rig"))


def pattern_for(module: Path) -> str:
    """Return the first pattern of the list that fits a module; an empty text if none does."""
    name = module.with_suffix("").as_posix()
    return next((each for each in TRIED_ELSEWHERE if fnmatch(name, each)), "")


def test_every_module_has_its_tests_or_stands_in_the_list() -> None:
    untried = [module.as_posix() for module in modules() if not has_tests_of_its_name(module)]
    assert [name for name in untried if not pattern_for(Path(name))] == []


def test_nothing_stands_in_the_list_that_need_not() -> None:
    needed = {pattern_for(module) for module in modules() if not has_tests_of_its_name(module)}
    assert sorted(set(TRIED_ELSEWHERE) - needed) == []


@pytest.mark.parametrize("pattern", TRIED_ELSEWHERE)
def test_the_tests_that_the_list_names_are_there(pattern: str) -> None:
    place, reason = TRIED_ELSEWHERE[pattern]
    assert (TESTS / place).is_file()
    assert reason


def test_every_test_file_is_that_of_a_module_or_says_what_of_it_is_tried() -> None:
    """A file `test_x_y.py` tries a side of the module `x`, or something of the whole room."""
    rooms = {module.parent for module in modules()} | {Path("scenarios"), Path("docs"), Path("versions")}
    rooms |= {Path("bench"), Path(".")}
    stray = [
        file.relative_to(TESTS).as_posix()
        for kind in ("unit", "rig")
        for file in (TESTS / kind).rglob("test_*.py")
        if "corpus" not in file.parts and file.parent.relative_to(TESTS / kind) not in rooms
    ]
    assert stray == []
