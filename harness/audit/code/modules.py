"""Modules: which file an import means, and the tree of that file. Nothing is imported to find out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from astroid import nodes
from astroid.builder import AstroidBuilder
from astroid.exceptions import AstroidError
from astroid.manager import AstroidManager

from harness.audit.code.project_records import Module
from harness.audit.code.source import SourceFile, read

NEVER_ENTERED = frozenset(
    ("temporalio", "nexusrpc", "google", "grpc", "pydantic", "pydantic_core", "typing_extensions", "attr", "attrs")
)
"""Installed packages whose code is not followed: Temporal's own, and what its sandbox passes through by default."""

MAX_INSTALLED = 300
"""How many modules of installed packages are read for one project."""


def root_of(path: Path) -> Path:
    """Return the folder that an import of the file's package starts from: the first one above that is no package."""
    folder = path.parent
    while _is_package(str(folder)):
        folder = folder.parent
    return folder


@cache
def _is_package(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "__init__.py"))


def name_of(path: Path, root: Path) -> str:
    """Return the dotted name of a file, from that folder on."""
    parts = path.relative_to(root).with_suffix("").parts
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return ".".join(parts)


def installed_folders(roots: Iterable[Path] = ()) -> list[Path]:
    """Return the site-packages folders: of virtual environments beside the code, the active one, and our own."""
    folders: list[Path] = []
    homes = [Path(each) for each in [os.environ.get("VIRTUAL_ENV", "")] if each]
    for root in roots:
        homes += [above / name for above in (root, *list(root.parents)[:3]) for name in (".venv", "venv")]
    for home in homes:
        if (home / "pyvenv.cfg").exists():
            folders += [*sorted(home.glob("lib/python3*/site-packages")), home / "Lib" / "site-packages"]
    folders += [Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    return list(dict.fromkeys(path for path in folders if path.is_dir()))


class ModuleFinder:
    """Tells which file a dotted name means to the module that imports it.

    Args:
        files: The files that were asked to be audited.
        installed: The folders of installed packages.
    """

    def __init__(self, files: Iterable[Path], *, installed: Iterable[Path] = ()) -> None:
        _is_package.cache_clear()
        self.files = frozenset(files)
        self.installed = tuple(installed)
        roots = {root_of(path) for path in self.files}
        self.roots = sorted({*roots, *(root / "src" for root in roots), Path.cwd()})
        self._located: dict[tuple[str, Path | None], Path | None] = {}
        self._there: dict[str, Path | None] = {}

    def find(self, name: str, importer: Path | None = None) -> Path | None:
        """Return the file of a module; None for the standard library, for what is not there, and for no Python."""
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        folder = importer.parent if importer else None
        if (name, folder) not in self._located:
            self._located[name, folder] = next(
                (path for root in self._roots(importer) if (path := self._below(root, name))), None
            )
        return self._located[name, folder]

    def _roots(self, importer: Path | None) -> Iterator[Path]:
        if importer:
            root = root_of(importer)
            yield root
            if not self.is_installed(importer):
                yield from list(root.parents)[:4]
        yield from self.roots
        yield from self.installed
        if importer:
            yield importer.parent  # where the folder of a program is a package, too

    def _below(self, root: Path, name: str) -> Path | None:
        path = os.path.join(root, *name.split("."))
        if path not in self._there:
            candidates = (path + ".py", os.path.join(path, "__init__.py"))
            self._there[path] = next((Path(each) for each in candidates if os.path.isfile(each)), None)
        return self._there[path]

    def is_installed(self, path: Path) -> bool:
        """Tell whether a file belongs to an installed package."""
        return any(path.is_relative_to(folder) for folder in self.installed)


class Modules:
    """The modules of a project, parsed when first asked for.

    Args:
        sources: The files that were asked to be audited, as far as they belong to this project.
        finder: Finds the others.
    """

    def __init__(self, sources: Iterable[SourceFile], *, finder: ModuleFinder) -> None:
        self.finder = finder
        self._sources = {source.path: source for source in sources}
        self._modules: dict[Path, Module | None] = {}
        self._of_tree: dict[nodes.Module, Module] = {}
        self._imported: dict[tuple[nodes.Module, str], Module | None] = {}
        self._installed = 0
        self._of_name: dict[str, Module] = {}
        _tame()

    def speaking(self) -> list[Module]:
        """Return the modules that may declare or start something of Temporal, by file; others are read when needed."""
        modules = (self.at(path) for path, source in self._sources.items() if source.owned and source.speaks)
        return sorted((module for module in modules if module), key=lambda module: module.file)

    @property
    def others(self) -> list[Path]:
        """Return the files that were read although nobody asked to audit them."""
        return [path for path, module in self._modules.items() if module and not module.own]

    def at(self, path: Path) -> Module | None:
        """Return the module of a file; None if it has none that can be parsed."""
        if path not in self._modules:
            self._modules[path] = None
            source = self._sources.get(path)
            installed = self.finder.is_installed(path)
            if installed:
                self._installed += 1
            if not installed or self._installed <= MAX_INSTALLED:
                self._modules[path] = self._parsed(
                    source or read(path), own=bool(source and source.owned), installed=installed
                )
        return self._modules[path]

    def path_of(self, name: str, tree: nodes.Module) -> Path | None:
        """Return the file that this absolute name means in that module; None for installed packages."""
        importer = self._of_tree[tree].path if tree in self._of_tree else None
        path = self.finder.find(name, importer)
        return path if path and not self.finder.is_installed(path) else None

    def _parsed(self, source: SourceFile, *, own: bool, installed: bool) -> Module | None:
        if source.reason:
            return None
        name = self._name(source.path)
        try:
            tree = tree_of(source.text, name=name, path=source.path)
        except (AstroidError, RecursionError):
            return None
        lines = tuple(source.text.split("\n"))
        module = Module(
            name=name, path=source.path, file=source.file, lines=lines, tree=tree, own=own, installed=installed
        )
        self._of_tree[tree] = module
        self._of_name.setdefault(name, module)
        return module

    def _name(self, path: Path) -> str:
        folder = next((each for each in self.finder.installed if path.is_relative_to(each)), None)
        return name_of(path, folder or root_of(path))

    def of(self, node: nodes.NodeNG) -> Module:
        """Return the module that a node stands in."""
        return self._of_tree[node.root()]

    def knows(self, node: nodes.NodeNG) -> bool:
        """Tell whether a node stands in a module of these."""
        return node.root() in self._of_tree

    def imported(self, name: str, tree: nodes.Module) -> Module | None:
        """Return the module that this absolute name means in that module; None if it is not to be read."""
        key = (tree, name)
        if key not in self._imported:
            importer = self._of_tree[tree].path if tree in self._of_tree else None
            path = None if name.partition(".")[0] in NEVER_ENTERED else self.finder.find(name, importer)
            self._imported[key] = self.at(path) if path else None
        return self._imported[key]

    def read_already(self, name: str) -> Module | None:
        """Return the module of this dotted name, if it was read."""
        return self._of_name.get(name)

    def named(self, name: str) -> Module | None:
        """Return the module of this dotted name."""
        path = None if name in self._of_name else self.finder.find(name)
        return self.at(path) if path else self.read_already(name)


def absolute(node: nodes.ImportFrom, module: nodes.Module) -> str:
    """Return the absolute name of the module that a `from … import` names."""
    if not node.level:
        return str(node.modname)
    parts = module.name.split(".")
    drop = node.level - 1 if module.package else node.level
    parts = parts[: len(parts) - drop] if drop else parts
    return ".".join([*parts, *([node.modname] if node.modname else [])])


def tree_of(text: str, *, name: str, path: Path) -> nodes.Module:
    """Return the tree of a module, with the names of its imports in their scopes.

    Nothing is inferred, and no transformation is made: astroid would read other modules for both.
    """
    manager = AstroidManager()
    builder = AstroidBuilder(manager, apply_transforms=False)
    tree, rebuilder = builder._data_build(_without_type_comments(text), name, str(path))
    for node, globally in rebuilder._import_from_nodes:
        for imported, alias in node.names:
            shown = alias or imported
            scope = tree if shown in globally or node.parent is None else node.parent
            scope.set_local(shown, node)
            scope.scope().locals[shown].sort(key=lambda each: each.fromlineno or 0)
    return tree


_TYPE_COMMENT = re.compile(r"#\s*type:")


def _without_type_comments(text: str) -> str:
    return _TYPE_COMMENT.sub("# typ:", text) if "type:" in text else text


def _tame() -> None:
    """Keep astroid from loading extension modules of anyone, and from asking GObject."""
    manager = AstroidManager()
    manager.always_load_extensions = False
    manager.extension_package_whitelist.clear()
    manager._failed_import_hooks.clear()
