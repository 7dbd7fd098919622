"""The scripts that a scenario names: files beside its own that say what the model and effects answer."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from harness.records.scenario import Scenario


def script_files(scenario: Scenario) -> tuple[Path | None, dict[str, Path]]:
    """Return the file of a scenario's model script, or None, and those of its effect services, by their names.

    Raises:
        UsageError: A file that it names is not there.
    """
    effects = {name: _beside(scenario, file) for name, file in scenario.effect_services.items()}
    return _beside(scenario, scenario.model), {name: file for name, file in effects.items() if file}


def _beside(scenario: Scenario, name: str) -> Path | None:
    """Return the path of a file named by a scenario, relative to the scenario's own file."""
    if not name:
        return None
    path = (Path(scenario.file).parent / name).resolve()
    if not path.is_file():
        raise UsageError(f"{scenario.name} names {name!r}, but there is no file {path}")
    return path
