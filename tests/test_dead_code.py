"""Nothing is defined in harness that only tests use."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

USED_OUTSIDE = {
    "FORM": "forms of the report are listed by being there",
    "answers_with": "tests of users call it",
    "fails_with": "tests of users call it",
    "ledger": "tests of users read it",
    "recorded_answer": "recorded scripts call it",
}
"""What harness defines and does not use itself, and for whom it is there."""

FOUND_BY_FOLDER = ("doors/model/dialects", "faults")
"""Rooms whose variables are listed by being there."""

KEEPING = {"property", "classmethod", "staticmethod", "contextmanager", "asynccontextmanager", "cache", "lru_cache"}
"""Decorators that make what they decorate known to nobody; any other one may."""

OWN_BASES = {"Protocol", "NamedTuple", "Struct", "Enum", "IntEnum", "StrEnum"}
"""Classes whose methods nobody calls by themselves; a method below any other one may be called by its library."""


def trees() -> dict[Path, ast.Module]:
    files = sorted((ROOT / "harness").rglob("*.py"))
    return {file: ast.parse(file.read_text()) for file in files}


def used_in(tree: ast.AST) -> Iterator[str]:
    """Yield the names that code uses: as names, attributes and imports, and as texts of their own."""
    nodes = list(ast.walk(tree))
    offered = {id(each) for node in nodes if _offers(node) for each in ast.walk(node)}
    for node in nodes:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in offered:
            yield node.value


def _offers(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"


def defined_in(tree: ast.Module, *, variables: bool) -> Iterator[tuple[str, ast.stmt]]:
    """Yield what a module defines and has to use: functions, classes, methods, and variables where they count."""
    nodes = list(ast.walk(tree))
    called = {id(each) for node in nodes if _is_below_library(node) for each in ast.iter_child_nodes(node)}
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in nodes:
        if isinstance(node, ast.ClassDef) or (
            isinstance(node, functions) and id(node) not in called and not _is_handed_over(node)
        ):
            yield node.name, node
    for node in tree.body if variables else ():
        for target in node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]:
            if isinstance(target, ast.Name):
                yield target.id, node


def _is_below_library(node: ast.AST) -> bool:
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    return any(_last_name(base) not in OWN_BASES for base in bases)


def _is_handed_over(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_last_name(decorator) not in KEEPING for decorator in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).partition("(")[0].partition("[")[0].rpartition(".")[2]


def unused(code: dict[Path, ast.Module]) -> Iterator[tuple[str, str]]:
    """Yield the name and the place of all that no other code than its own uses."""
    used_by = {file: Counter(used_in(tree)) for file, tree in code.items()}
    used: Counter[str] = Counter()
    for each in used_by.values():
        used.update(each)
    for file, tree in code.items():
        room = file.relative_to(ROOT / "harness").as_posix()
        for name, node in defined_in(tree, variables=not room.startswith(FOUND_BY_FOLDER)):
            if name.startswith("__") or used[name] > used_by[file][name]:
                continue
            if used[name] == sum(each == name for each in used_in(node)):
                yield name, f"{room}:{node.lineno} {name}"


def test_nothing_is_defined_that_only_tests_use() -> None:
    places = dict(unused(trees()))
    assert [place for name, place in places.items() if name not in USED_OUTSIDE] == []
    assert set(USED_OUTSIDE) - set(places) == set()


@pytest.mark.parametrize(
    "source",
    [
        "def dead(n):\n    return dead(n - 1)",
        "class Dead:\n    pass",
        "class Live:\n    @property\n    def dead(self): ...\n\nLive()",
        "dead = 1",
        '__all__ = ["dead"]\ndef dead(): ...',
    ],
)
def test_dead_code_is_seen(source: str) -> None:
    assert [name.lower() for name, _ in unused({ROOT / "harness/some.py": ast.parse(source)})] == ["dead"]


@pytest.mark.parametrize(
    "source",
    [
        "def live(): ...\n\nlive()",
        "class Group(click.Group):\n    def live(self): ...\n\nGroup()",
        "@check('live')\ndef live(): ...",
        "def live(): ...\n\ngetattr(module, 'live')",
    ],
)
def test_what_is_used_is_left_alone(source: str) -> None:
    assert list(unused({ROOT / "harness/some.py": ast.parse(source)})) == []
