"""Where a scenario that a test was given is declared: its name, its file, and the variable that holds it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from harness.app.loading import load_file
from harness.records.scenario import Scenario


def declared(scenario: Scenario, *, module: ModuleType, test: str) -> tuple[Scenario, str]:
    """Return the scenario with its name, title and file, and the variable that holds it.

    The variable is empty for a scenario that is made inside a test. Such a one is named after the test and belongs to
    the test's file.

    Args:
        scenario: The scenario.
        module: The module of the test.
        test: The test, as it is named on pytest's command line.
    """
    for holder, variable in _holders(scenario):
        return _filled(scenario, name=variable, module=holder), variable
    if Path(scenario.file).is_file() and (variable := _in_file(scenario)):
        return scenario, variable
    return _filled(scenario, name=test.rpartition("::")[2], module=module), ""


def _holders(scenario: Scenario) -> Iterator[tuple[ModuleType, str]]:
    """Yield each module with the variable that it assigns the scenario to; one that only imports it is none."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        names = [name for name, value in list(vars(module).items()) if value is scenario] if file else []
        for name in names:
            if _assigns(Path(str(file)), name):
                yield module, name


def _in_file(scenario: Scenario) -> str:
    """Return the variable of its file that holds a scenario as it was loaded from it; empty where it was changed."""
    variable = scenario.name.rpartition(".")[2]
    return variable if replace(scenario, name=variable) in load_file(Path(scenario.file)) else ""


def _assigns(file: Path, name: str) -> bool:
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(rf"^{re.escape(name)}\s*(?::[^=\n]+)?=", source, re.MULTILINE) is not None


def _filled(scenario: Scenario, *, name: str, module: ModuleType) -> Scenario:
    title = (module.__doc__ or "").strip().splitlines()[:1]
    return replace(
        scenario,
        name=scenario.name or name,
        title=scenario.title or "".join(title),
        file=scenario.file or str(module.__file__),
    )
