"""Extensions: modules of other installed packages whose faults, checks and so on are listed beside crashproof's own.

A package names such a module by an entry point of the group ``crashproof.KIND``. Its module-level values are collected
in the same way as those of crashproof's own modules, so there is nothing to register. ``harness/docs/extending.md``
shows one of each kind.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable
from importlib import metadata
from types import ModuleType
from typing import Literal, TypeVar

from harness.errors import UsageError

T = TypeVar("T")

Kind = Literal["faults", "actions", "checks", "dialects", "reports", "engines"]
"""What can be added from outside. The group of the entry points is ``crashproof.`` and this word."""


@functools.cache
def installed(kind: Kind) -> tuple[ModuleType, ...]:
    """Return the modules that installed packages add to one kind, in the order of the names of their entry points.

    Raises:
        UsageError: One of them cannot be imported.
    """
    points = metadata.entry_points(group=f"crashproof.{kind}")
    return tuple(_imported(point) for point in sorted(set(points), key=lambda point: (point.name, point.value)))


def modules_of(package: ModuleType) -> tuple[ModuleType, ...]:
    """Import and return the modules that lie directly in a package, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)


def values_in(modules: Iterable[ModuleType], kind: type[T]) -> tuple[T, ...]:
    """Return the public module-level values of one type, each once, in the order in which they are written."""
    values: dict[int, T] = {}
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, kind) and not name.startswith("_"):
                values.setdefault(id(value), value)
    return tuple(values.values())


def by_name(values: Iterable[T], *, what: str, key: str = "name") -> dict[str, T]:
    """Return values by their names.

    Args:
        values: What has a name.
        what: The kind of it, for the message.
        key: The attribute that holds the name.

    Raises:
        UsageError: Two have the same name.
    """
    named: dict[str, T] = {}
    for value in values:
        name = str(getattr(value, key))
        if name in named:
            raise UsageError(f"two {what} are called {name!r}: an extension adds one that is there already")
        named[name] = value
    return named


def _imported(point: metadata.EntryPoint) -> ModuleType:
    try:
        module = importlib.import_module(point.value)
    except Exception as error:
        package = point.dist.name if point.dist else "an unknown package"
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"the extension {point.value} ({point.group} of {package}) cannot be imported: {reason}"
        ) from error
    return module
