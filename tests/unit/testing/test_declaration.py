"""A scenario that a test is given is named after the variable and the file that declare it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from harness import Scenario, start
from harness.testing import load_scenarios
from harness.testing.declaration import declared

TEST = "tests/test_agent.py::test_agent[two words]"
DECLARES = '"""The card is charged once."""\nfrom harness import Scenario, start\n'


@pytest.fixture
def test_module(tmp_path: Path) -> Iterator[ModuleType]:
    """A test's module that imports ``charges``, and before it one that hands it on."""
    scenario = 'charges: Scenario = Scenario(worker="w", work=start("Charge"))\n'
    names = {"handing_on": "from declaring import charges", "declaring": DECLARES + scenario}
    for name, source in names.items():
        (tmp_path / f"{name}.py").write_text(source)
    (tmp_path / "test_agent.py").write_text("from handing_on import charges\n")
    sys.path.insert(0, str(tmp_path))
    spec = importlib.util.spec_from_file_location("test_agent", tmp_path / "test_agent.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["test_agent"] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(tmp_path))
    for name in ("test_agent", *names):
        del sys.modules[name]


def test_it_belongs_to_the_file_that_declares_it(test_module: ModuleType) -> None:
    found, variable = declared(test_module.charges, module=test_module, test=TEST)
    assert (found.name, variable, Path(found.file).name) == ("charges", "charges", "declaring.py")
    assert found.title == "The card is charged once."


def test_a_changed_copy_belongs_to_the_test(test_module: ModuleType) -> None:
    found, variable = declared(replace(test_module.charges, task_queue="q"), module=test_module, test=TEST)
    assert (found.name, variable, Path(found.file).name) == ("test_agent[two words]", "", "test_agent.py")


def test_what_a_scenario_says_itself_stays(test_module: ModuleType) -> None:
    said = Scenario(worker="w", work=start("Charge"), name="mine", title="Mine.", file="elsewhere.py")
    found, variable = declared(said, module=test_module, test=TEST)
    assert (found, variable) == (said, "")


def test_one_that_was_loaded_from_a_file_belongs_to_it(tmp_path: Path, test_module: ModuleType) -> None:
    (tmp_path / "loaded.py").write_text(DECLARES + 'pays = Scenario(worker="w", work=start("Charge"))\n')
    (loaded,) = load_scenarios(tmp_path / "loaded.py")
    assert declared(loaded, module=test_module, test=TEST) == (loaded, "pays")
    found, variable = declared(replace(loaded, task_queue="q"), module=test_module, test=TEST)
    assert (found.task_queue, variable) == ("q", "")
