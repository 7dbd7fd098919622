"""The house rules: who may import whom, how long a function may be, and what the repository may not hold."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests import ROOT
from tests.source import Import, imports_of, module_of, read, source_of

FLOORS = (
    "errors",
    "extensions foreign",
    "records faults",
    "temporal processes",
    "doors servers histories",
    "trial replay",
    "explore",
    "checks report audit",
    "sweeps",
    "readiness campaign",
    "app",
    "cli testing pytest_plugin",
)
"""The house from the ground up. A room may import the rooms of the floors below its own, and no other.

The package itself, ``harness``, only names what is public, and nobody inside it imports it.
"""

WITHIN = {"harness.replay.explore": "explore"}
"""Rooms that lie within another one, and have a floor of their own."""

ONE_VOCABULARY = {("records", "faults"), ("faults", "records")}
"""Rooms of one floor that know each other: a plan names faults, and a fault names points."""

ENTRANCES = {("pytest_plugin", "testing"), ("harness", "records"), ("harness", "errors"), ("harness", "checks")}
"""The plugin is the entrance of the fixtures; the package itself offers records, checks and errors by name."""

KNOWS_ONLY = {
    "checks": "errors extensions records faults temporal",
    "report": "errors extensions foreign records faults",
    "audit": "errors records temporal processes",
    "cli": "errors foreign records faults temporal processes servers checks report app",
}
"""Rooms that know less than their floor allows.

Those that judge and tell what was recorded know no server and no door; the command line asks ``harness.app`` for what
is done, and not the rooms that do it.
"""

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "harness", "scenarios", "tests", "conftest.py", "noxfile.py"}

FUNCTION_LINES = 60
FUNCTION_LINES_P90 = 30
MODULE_LINES = 400

AVOIDED = {"manager", "helper", "util", "utils", "context", "handler", "data", "base", "common"}
"""Words that say nothing, or that Temporal and its users give another meaning."""

FOUND_BY_FOLDER = ("audit/rules", "cli", "doors/model/dialects", "faults", "report")
"""Rooms whose modules are listed by being there."""

HEAVY = {"temporalio", "grpc", "msgspec"}
"""What `import harness` may not load."""

UNWANTED_TEXT = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:work|root|tmp|home)/\w"),
    "the host of a package registry": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|golang\.org|npmjs\.org|crates\.io|maven\.org|maven\.apache\.org)\b"
    ),
}


@cache
def repository_files() -> list[Path]:
    """Return what git holds, or would hold if all were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in {ROOT / line for line in listed} if path.is_file())


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def room_of(module: str) -> str:
    """Return the room, or the single module directly below harness/, that a module belongs to."""
    within = WITHIN.get(".".join(module.split(".")[:3]))
    return within or (module.split(".")[1] if "." in module else module)


def floor_of(room: str) -> int:
    """Return the number of a room's floor; -1 for one that has none."""
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms.split()), -1)


def forbidden(found: Import) -> bool:
    """Tell whether a file below harness/ imports what its room may not."""
    if found.module.partition(".")[0] in ("scenarios", "tests", "conftest", "noxfile"):
        return True
    if found.module.partition(".")[0] != "harness":
        return False
    importer, imported = room_of(module_of(found.file)), room_of(found.module)
    if importer == imported or (importer, imported) in ONE_VOCABULARY | ENTRANCES:
        return False
    if importer in KNOWS_ONLY:
        return imported not in KNOWS_ONLY[importer].split()
    return not -1 < floor_of(imported) < floor_of(importer)


def cycles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or through others (Tarjan's components)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    groups: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        path.append(module)
        for other in sorted(imports.get(module, ())):
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in path:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            start = path.index(module)
            groups.append(sorted(path[start:]))
            del path[start:]

    for module in sorted(imports):
        if module not in number:
            visit(module)
    return [group for group in groups if len(group) > 1]


def test_every_room_has_a_floor_and_every_floor_is_built() -> None:
    rooms = {room_of(module_of(file)) for file in python_files("harness")} - {"harness"}
    assert rooms == {room for rooms in FLOORS for room in rooms.split()}


def test_rooms_import_only_from_the_floors_below() -> None:
    found = [one for file in python_files("harness") for one in imports_of(file)]
    assert found
    assert [str(one) for one in found if forbidden(one)] == []


def test_the_text_on_top_of_the_package_names_the_rooms_and_their_floors() -> None:
    text = source_of(ROOT / "harness/__init__.py").docstring
    rooms = [room for floor in FLOORS for room in floor.split() if room != "pytest_plugin"]
    assert re.findall(r"^ {4}(\w+)  +\w", text, re.MULTILINE) == rooms
    floors = " ".join(text.partition("Floors: ")[2].partition(".")[0].split())
    assert floors.split(" < ") == [floor.replace(" ", ", ") for floor in FLOORS]


def test_what_is_allowed_beside_the_floors_is_needed() -> None:
    imports = [one for file in python_files("harness") for one in imports_of(file)]
    used = {(room_of(module_of(one.file)), room_of(one.module)) for one in imports if one.module.startswith("harness.")}
    allowed = {(room, known) for room, knows in KNOWS_ONLY.items() for known in knows.split()}
    assert (allowed | ONE_VOCABULARY | ENTRANCES) - used == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    imports = {
        module_of(file): {one.module for one in imports_of(file)} - {module_of(file)}
        for file in python_files("harness", "scenarios")
    }
    assert cycles(imports) == []


@pytest.mark.parametrize(
    ("imports", "circles"),
    [
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [["a", "b", "c"]]),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
    ],
)
def test_a_circle_is_seen(imports: dict[str, set[str]], circles: list[list[str]]) -> None:
    assert cycles(imports) == circles


def test_agents_do_not_know_the_harness() -> None:
    declarations = {*(ROOT / "scenarios").glob("*.py"), *(ROOT / "scenarios/broken").glob("*.py")}
    own = {*(ROOT / "scenarios/campaign").glob("*.py")}  # the worker of campaigns is crashproof's
    agents = [file for file in python_files("scenarios") if file not in declarations | own]
    assert own
    assert agents
    found = [one for file in agents for one in imports_of(file) if one.module.partition(".")[0] == "harness"]
    assert [str(one) for one in found] == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("harness/records/plan.py", "import harness.doors.wire.proxy"),
        ("harness/records/plan.py", "from harness import trial"),
        ("harness/records/plan.py", "from harness import Scenario"),
        ("harness/records/plan.py", "from .. import trial"),
        ("harness/doors/wire/proxy.py", "from ...checks import effects"),
        ("harness/doors/wire/proxy.py", "def f():\n    from harness.cli import main"),
        ("harness/trial/trial.py", "if TYPE_CHECKING:\n    from harness.sweeps.sweep import Sweep"),
        ("harness/checks/effects.py", "import importlib\nimportlib.import_module('harness.trial.trial')"),
        ("harness/trial/trial.py", "from scenarios.research import workflows"),
    ],
)
def test_a_forbidden_import_is_seen_wherever_it_stands(file: str, source: str) -> None:
    assert any(forbidden(one) for one in read(ROOT / file, source).imports)


def test_importing_harness_loads_nothing_heavy() -> None:
    script = f"import harness, sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_what_crashproof_does_is_done_without_a_face() -> None:
    imports = [one for file in python_files("harness/app") for one in imports_of(file)]
    assert imports
    assert [str(one) for one in imports if one.module.partition(".")[0] in ("click", "rich")] == []
    assert [place for file in python_files("harness/app") for place in source_of(file).printing] == []


def test_the_top_level_is_fixed() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in repository_files()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


def test_functions_are_short() -> None:
    functions = [one for file in python_files("harness", "scenarios", "tests") for one in source_of(file).functions]
    assert [str(one) for one in functions if one.lines > FUNCTION_LINES] == []
    product = sorted(one.lines for file in python_files("harness") for one in source_of(file).functions)
    assert product[len(product) * 9 // 10] < FUNCTION_LINES_P90


def test_modules_are_short() -> None:
    lengths = {file: len(file.read_text().splitlines()) for file in python_files("harness", "scenarios", "tests")}
    too_long = [
        f"{file.relative_to(ROOT)} has {lines} lines" for file, lines in lengths.items() if lines > MODULE_LINES
    ]
    assert too_long == []


def test_modules_say_their_subject() -> None:
    assert [module_of(file) for file in python_files("harness") if not source_of(file).docstring] == []


def test_names_say_something() -> None:
    files = python_files("harness", "scenarios")
    named = [(module_of(file), file.stem) for file in files]
    named += [(str(each), each.name) for file in files for each in source_of(file).definitions]
    empty = [f"{place} {name}" for place, name in named if AVOIDED & set(_words_of(name))]
    assert empty == []


def test_no_variable_is_called_by_how_it_was_come_by() -> None:
    assert [place for file in python_files("harness") for place in source_of(file).empty_names] == []


def test_no_module_is_dead() -> None:
    """A module is imported, named by what is installed or starts it, or listed by the folder that it is in."""
    files = [file for file in python_files("harness") if not file.name.startswith("__")]
    imported = {one.module for file in python_files("harness") for one in imports_of(file)}
    texts = "\n".join(file.read_text() for file in (*files, ROOT / "pyproject.toml"))
    named = set(re.findall(r"(?<=\")[\w.]+(?=[\":])", texts))
    dead = [
        module_of(file)
        for file in files
        if not {module_of(file), file.name} & (imported | named)
        and not file.relative_to(ROOT / "harness").as_posix().startswith(FOUND_BY_FOLDER)
    ]
    assert dead == []


def test_a_class_name_is_used_once() -> None:
    bearers: dict[str, list[str]] = {}
    for file in python_files("harness"):
        for each in source_of(file).definitions:
            if each.is_class:
                bearers.setdefault(each.name, []).append(str(each))
    assert {name: places for name, places in bearers.items() if len(places) > 1} == {}


def _words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+[a-z]*|[a-z]+", name)]


@pytest.mark.parametrize("unwanted", UNWANTED_TEXT)
def test_no_file_holds(unwanted: str) -> None:
    found = []
    for file in repository_files():
        for number, line in enumerate(file.read_bytes().decode(errors="replace").splitlines(), start=1):
            if UNWANTED_TEXT[unwanted].search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []
