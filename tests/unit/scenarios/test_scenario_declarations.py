"""The scenarios that come with crashproof: each is loadable, and each broken one names what must catch it."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from harness import Scenario, faults
from harness.records import plan
from tests import ROOT

BROKEN = sorted(path for path in (ROOT / "scenarios" / "broken").glob("*.py") if path.name != "__init__.py")
DECLARATIONS = [
    *BROKEN,
    *(
        ROOT / "scenarios" / f"{name}.py"
        for name in ("approval", "openai_agent", "openai_agent_as_it_comes", "research", "research_profiles", "shapes")
    ),
]
AGENTS = sorted(
    path
    for folder in ("approval", "openai_agent", "research", "shapes", "broken/agents")
    for path in (ROOT / "scenarios" / folder).glob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_broken_scenario_is_planted_or_a_lookalike(path: Path) -> None:
    module = loaded(path)
    planted: dict[str, tuple[str, str]] = getattr(module, "PLANTED", {})
    lookalikes: tuple[str, ...] = getattr(module, "LOOKALIKES", ())
    points: dict[str, tuple[str, ...]] = getattr(module, "PLANTED_POINTS", {})
    assert sorted({*planted, *points, *lookalikes}) == sorted(scenarios(module))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_planted_bug_names_a_check_and_a_plan(path: Path) -> None:
    module = loaded(path)
    also: dict[str, tuple[tuple[str, str], ...]] = getattr(module, "ALSO_PLANTED", {})
    named = [*getattr(module, "PLANTED", {}).values(), *(pair for pairs in also.values() for pair in pairs)]
    for check, text in named:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*(:\S.*)?", check)
        assert str(plan.parse(text)) == text


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_broken_scenario_declares_the_faults_it_is_planted_for(path: Path) -> None:
    module = loaded(path)
    also: dict[str, tuple[tuple[str, str], ...]] = getattr(module, "ALSO_PLANTED", {})
    for name, scenario in scenarios(module).items():
        declared = {fault.name for fault in faults.chosen(scenario.faults)}
        named = [getattr(module, "PLANTED", {}).get(name), *also.get(name, ())]
        struck = {strike.fault for found in named if found for strike in plan.parse(found[1]).strikes}
        assert struck <= declared


def test_there_are_enough_bugs_and_lookalikes() -> None:
    modules = [loaded(path) for path in BROKEN]
    assert sum(len(getattr(module, "PLANTED", {})) for module in modules) >= 25
    assert sum(len(getattr(module, "LOOKALIKES", ())) for module in modules) >= 13


@pytest.mark.parametrize("path", DECLARATIONS, ids=lambda path: path.stem)
def test_what_a_scenario_names_exists(path: Path) -> None:
    found = scenarios(loaded(path))
    assert found
    for scenario in found.values():
        command, flag, module = scenario.worker.split()
        assert (command, flag) == ("python", "-m")
        assert importlib.util.find_spec(module)
        assert not scenario.model or (path.parent / scenario.model).is_file()
        for workflow in scenario.work.modules:
            name, _, attribute = workflow.partition(":")
            assert hasattr(importlib.import_module(name), attribute)


@pytest.mark.parametrize("path", AGENTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_agents_never_import_harness(path: Path) -> None:
    assert not re.search(r"^\s*(import|from) harness", path.read_text(), re.MULTILINE)


def scenarios(module: ModuleType) -> dict[str, Scenario]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Scenario)}


def loaded(path: Path) -> ModuleType:
    """Load a declaration by path, as ``crashproof run`` does: its name may be that of a package too."""
    spec = importlib.util.spec_from_file_location(f"declaration_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
