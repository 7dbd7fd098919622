"""The house rules: who may import whom, how long a function may be, and what the repository may not hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

PARTS = {
    "public names": "__init__",
    "records": "errors points faults plan tape verdict evidence scenario cuts deadline options notes stops folder "
    "swept runs replays audited",
    "rig": "rig",
    "replay": "replay",
    "audit": "audit",
    "checks": "checks",
    "report": "report",
    "trial": "trial",
    "sweep": "sweep sweeps",
    "replaying": "replaying comparing strict",
    "faces": "cli pytest_plugin testing",
}
"""Each part of the house, with the modules and packages directly below harness/ that it consists of."""

MAY_IMPORT = {
    "public names": {"records", "checks"},
    "records": set(),
    "rig": {"records"},
    "replay": {"records"},
    "audit": {"records"},
    "checks": {"records", "replay"},
    "report": {"records"},
    "trial": {"records", "rig"},
    "sweep": {"records", "trial", "checks", "replay", "rig"},
    "replaying": {"records", "rig", "replay"},
    "faces": {"records", "rig", "replay", "audit", "checks", "report", "trial", "sweep", "replaying"},
}
"""Each part, with the other parts that it may import. Nobody imports a face, and nobody inside the public names."""

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "harness", "scenarios", "tests", "conftest.py", "noxfile.py"}

FUNCTION_LINES = 60
FUNCTION_LINES_P90 = 30
MODULE_LINES = 400

AVOIDED = {"manager", "helper", "util", "utils", "context", "handler", "data", "base", "common"}
"""Words that say nothing, or that Temporal and its users give another meaning."""

HEAVY = {"temporalio", "grpc", "msgspec"}
"""What `import harness` may not load."""

UNWANTED_TEXT = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:work|root|tmp|home)/\w"),
    "the host of a package registry": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|golang\.org|npmjs\.org|crates\.io|maven\.org|maven\.apache\.org)\b"
    ),
}


class Import(NamedTuple):
    """One module that a file imports, wherever in it."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


class Function(NamedTuple):
    """One function; its docstring does not count as lines."""

    file: Path
    name: str
    line: int
    lines: int

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.name} has {self.lines} lines"


def repository_files() -> list[Path]:
    """Return what git holds, or would hold if all were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in {ROOT / line for line in listed} if path.is_file())


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports_of(file: Path, source: str | None = None) -> Iterator[Import]:
    """Yield all imports: in functions, for type checkers only, and by `import_module` of a written-out name too."""
    tree = ast.parse(source if source is not None else file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for module in _modules_of(file, node):
                yield Import(file, node.lineno, module)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield Import(file, node.lineno, str(argument.value))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _modules_of(file: Path, node: ast.ImportFrom) -> list[str]:
    """Return `a.b` for each name b of `from a import b` that is a module of ours, and `a` for the others."""
    module = node.module or ""
    if node.level:
        package = file.parent.parts[len(ROOT.parts) : len(file.parent.parts) - node.level + 1]
        module = ".".join([*package, module] if module else package)
    folder = ROOT.joinpath(*module.split("."))
    named = [f"{module}.{alias.name}" if _is_module(folder / alias.name) else module for alias in node.names]
    return list(dict.fromkeys(named))


def _is_module(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or path.is_dir()


def part_of(module: str) -> str:
    """Return the part of the house that `harness.…` belongs to; empty for one that no part names."""
    below = module.split(".")[1] if "." in module else "__init__"
    return next((part for part, names in PARTS.items() if below in names.split()), "")


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def forbidden(found: Import) -> bool:
    """Tell whether a file below harness/ imports what its part may not."""
    if found.module.partition(".")[0] in ("scenarios", "tests", "conftest", "noxfile"):
        return True
    if found.module.partition(".")[0] != "harness":
        return False
    importer, imported = part_of(module_of(found.file)), part_of(found.module)
    return imported != importer and imported not in MAY_IMPORT[importer]


def functions_of(file: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node):
                lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
            yield Function(file, node.name, node.lineno, lines)


def test_every_module_belongs_to_a_part() -> None:
    homeless = {module_of(file) for file in python_files("harness") if not part_of(module_of(file))}
    assert not homeless, "name these modules in PARTS, and in MAY_IMPORT what a new part may import"


def test_every_name_of_a_part_exists() -> None:
    stale = {name for names in PARTS.values() for name in names.split() if not _is_module(ROOT / "harness" / name)}
    assert not stale, "PARTS names modules that are gone"


def test_every_part_says_what_it_may_import() -> None:
    assert PARTS.keys() == MAY_IMPORT.keys()
    assert all(others <= PARTS.keys() - {"faces", "public names"} for others in MAY_IMPORT.values())


def test_parts_import_only_what_they_may() -> None:
    found = [one for file in python_files("harness") if part_of(module_of(file)) for one in imports_of(file)]
    assert found
    assert [str(one) for one in found if forbidden(one)] == []


def test_agents_do_not_know_the_harness() -> None:
    declarations = {*(ROOT / "scenarios").glob("*.py"), *(ROOT / "scenarios/broken").glob("*.py")}
    agents = [file for file in python_files("scenarios") if file not in declarations]
    assert agents
    found = [one for file in agents for one in imports_of(file) if one.module.partition(".")[0] == "harness"]
    assert [str(one) for one in found] == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("harness/plan.py", "import harness.rig.wire"),
        ("harness/plan.py", "from harness import trial"),
        ("harness/plan.py", "from harness import Scenario"),
        ("harness/plan.py", "from . import trial"),
        ("harness/rig/wire.py", "from ..checks import effects"),
        ("harness/rig/wire.py", "def f():\n    from harness.cli import main"),
        ("harness/trial.py", "if TYPE_CHECKING:\n    from harness.sweep import Sweep"),
        ("harness/checks/effects.py", "import importlib\nimportlib.import_module('harness.trial')"),
        ("harness/trial.py", "from scenarios.research import workflows"),
    ],
)
def test_a_forbidden_import_is_seen_wherever_it_stands(file: str, source: str) -> None:
    assert any(forbidden(one) for one in imports_of(ROOT / file, source))


def test_importing_harness_loads_nothing_heavy() -> None:
    script = f"import harness, sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_top_level_is_fixed() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in repository_files()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


def test_functions_are_short() -> None:
    functions = [one for file in python_files("harness", "scenarios", "tests") for one in functions_of(file)]
    assert [str(one) for one in functions if one.lines > FUNCTION_LINES] == []
    product = sorted(one.lines for file in python_files("harness") for one in functions_of(file))
    assert product[len(product) * 9 // 10] < FUNCTION_LINES_P90


def test_modules_are_short() -> None:
    lengths = {file: len(file.read_text().splitlines()) for file in python_files("harness", "scenarios", "tests")}
    too_long = [
        f"{file.relative_to(ROOT)} has {lines} lines" for file, lines in lengths.items() if lines > MODULE_LINES
    ]
    assert too_long == []


def test_modules_say_their_subject() -> None:
    silent = [module_of(file) for file in python_files("harness") if not ast.get_docstring(ast.parse(file.read_text()))]
    assert silent == []


def test_names_say_something() -> None:
    named = [(module_of(file), file.stem) for file in python_files("harness", "scenarios")]
    named += [
        (f"{module_of(file)}:{node.lineno}", node.name)
        for file in python_files("harness", "scenarios")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    empty = [f"{place} {name}" for place, name in named if AVOIDED & set(_words_of(name))]
    assert empty == []


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
