"""What a Python program imports, read from its source without importing or running any of it.

It is read by the interpreter that runs the program, since each finds modules of its own. Where that is not the one that
runs crashproof, ``foreign.py`` has it load this file by its path: it imports the standard library alone, and nothing of
crashproof, and holds for Python 3.10.
"""

from __future__ import annotations

import ast
import json
import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

_FILES_LIMIT = 500  # a program of more files of its own is looked at no further
_NEVER = {"gevent", "eventlet"}  # they replace parts of the standard library, which must come before all other imports
_SETTERS = {"setdefault", "update", "pop", "clear"}


@dataclass(frozen=True, kw_only=True)
class Imports:
    """What a program imports.

    Attributes:
        installed: Modules of the standard library and of installed packages, in the order in which they are named.
        own: Top-level names of the program's own modules.
        sets: Names of the environment variables that the program sets or removes.
        folders: Where the standard library and installed packages of its interpreter lie, with a separator at the end.
        unsure: Why the program cannot be read well enough; empty where it can.
    """

    installed: tuple[str, ...]
    own: frozenset[str]
    sets: frozenset[str]
    folders: tuple[str, ...] = ()
    unsure: str = ""


def imports_of(*, module: str = "", script: Path | None = None, root: Path) -> Imports:
    """Follow a program's imports through its own modules, at any depth of their source.

    A module is the program's own if its file lies outside the standard library and the installed packages, or belongs
    to the top-level package of the program.

    Args:
        module: The module that is run, as after ``python -m``.
        script: The file that is run, where no module is.
        root: The folder that comes first on the module search path.
    """
    reading = _Reading(root=root, top=module.partition(".")[0])
    if script:
        reading.follow_file(script, module="__main__", package="")
    else:
        reading.follow(f"{module}.__main__" if reading.is_package(module) else module)
    while reading.ahead and len(reading.seen) < _FILES_LIMIT:
        reading.read(*reading.ahead.pop(0))
    unsure = reading.unsure or ("it has too many files" if reading.ahead else "")
    installed = reading.installed.keys()
    if replacing := _NEVER & {name.partition(".")[0] for name in installed}:
        unsure = f"it imports {min(replacing)}"
    return Imports(
        installed=tuple(installed),
        own=frozenset(reading.own),
        sets=frozenset(reading.sets),
        folders=INSTALLED,
        unsure=unsure,
    )


@dataclass
class _Reading:
    root: Path
    top: str
    ahead: list[tuple[Path, str]] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    installed: dict[str, None] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    unsure: str = ""

    def __post_init__(self) -> None:
        self._path = [str(self.root), *(entry for entry in sys.path if entry)]
        self._specs: dict[str, ModuleSpec | None] = {}
        if self.top:
            self.own.add(self.top)

    def read(self, file: Path, package: str) -> None:
        """Read one file of the program."""
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):  # its own start will say so
            return
        for node in _nodes(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.follow(alias.name)
            elif isinstance(node, ast.ImportFrom):
                self._follow_from(node, package)
            else:
                self._look_for_sets(node)

    def follow(self, name: str) -> bool:
        """Follow the import of one module and tell whether it was found."""
        spec = self._find(name)
        if spec is None:
            return False
        if not self._is_own(name, spec):
            self.installed[name] = None
            return True
        self.own.add(name.partition(".")[0])
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            above = ".".join(parts[:end])
            above_spec = self._find(above)
            if above_spec and above_spec.origin and above_spec.origin.endswith(".py"):
                is_package = above_spec.submodule_search_locations is not None
                self.follow_file(
                    Path(above_spec.origin), module=above, package=above if is_package else above.rpartition(".")[0]
                )
        return True

    def follow_file(self, file: Path, *, module: str, package: str) -> None:
        if file not in self.seen:
            self.seen.add(file)
            self.own.add(module.partition(".")[0])
            self.ahead.append((file, package))

    def is_package(self, name: str) -> bool:
        spec = self._find(name)
        return spec is not None and spec.submodule_search_locations is not None

    def _follow_from(self, node: ast.ImportFrom, package: str) -> None:
        module = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*above, module] if module else above)
        if not module or not self.follow(module):
            return
        for alias in node.names:
            if alias.name != "*" and self.is_package(module):
                self.follow(f"{module}.{alias.name}")

    def _is_own(self, name: str, spec: ModuleSpec) -> bool:
        if name.partition(".")[0] == self.top:
            return True
        if spec.origin in ("built-in", "frozen"):
            return False
        places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
        return not all(is_installed(place) for place in places)

    def _find(self, name: str) -> ModuleSpec | None:
        """Find a module as the import system would, without importing the packages above it."""
        if name not in self._specs:
            above, _, _ = name.rpartition(".")
            path: Sequence[str] | None = None
            if above:
                parent = self._find(above)
                path = list(parent.submodule_search_locations or ()) if parent else []
            self._specs[name] = None if above and not path else self._find_in(name, path)
        return self._specs[name]

    def _find_in(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            try:
                if finder is PathFinder:
                    spec = PathFinder.find_spec(name, path if path is not None else self._path)
                else:
                    spec = finder.find_spec(name, path)
            except Exception:  # a finder of somebody else's that cannot cope
                continue
            if spec is not None:
                return spec
        return None

    def _look_for_sets(self, node: ast.AST) -> None:
        """Learn which environment variables the program sets: installed modules may read them when imported."""
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del) and _is_environ(node.value):
            self._sets(node.slice)
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in ("putenv", "unsetenv") or (
                name in _SETTERS and isinstance(called, ast.Attribute) and _is_environ(called.value)
            ):
                self._sets(node.args[0] if node.args else None)
            elif name == "load_dotenv":
                self.unsure = "it calls load_dotenv"
        elif isinstance(node, ast.AugAssign) and _is_environ(node.target):
            self._sets(None)

    def _sets(self, key: ast.expr | None) -> None:
        keys = key.keys if isinstance(key, ast.Dict) else [key]
        for each in keys:
            if isinstance(each, ast.Constant):
                self.sets.add(str(each.value))
            else:
                self.unsure = "it sets environment variables whose names are not written out"


def _is_environ(node: ast.expr) -> bool:
    return (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) in ("environ", "environb")


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a source in the order of its text, without what only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield other
                yield from _nodes(other)
            continue
        yield node
        yield from _nodes(node)


def _installed_folders() -> list[str]:
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return [os.path.realpath(folder) + os.sep for folder in folders]


INSTALLED = tuple(_installed_folders())
"""Folders of the standard library and of installed packages, with a separator at the end."""


def is_installed(place: str) -> bool:
    """Tell whether a file belongs to the standard library or to an installed package."""
    return os.path.realpath(place).startswith(INSTALLED)


def main(module: str, script: str, root: str) -> None:
    """Print what a program imports, as JSON: in the interpreter that runs it, by ``foreign.py``."""
    imports = imports_of(module=module, script=Path(script) if script else None, root=Path(root))
    print(json.dumps({name: value if isinstance(value, str) else list(value) for name, value in vars(imports).items()}))
