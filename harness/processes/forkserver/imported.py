"""What a fork server's process has imported: what makes that unfit to be forked, and what it does to a worker.

The fork server's process loads this file by its path: it imports the standard library alone, and nothing of crashproof.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import importlib
import importlib.util
import os
import random
import sys
from collections.abc import Iterable
from typing import Any, ClassVar

_SEED = "PYTHONHASHSEED"


class UnfitError(Exception):
    """No worker can be forked from this process."""


class _Watched(type(os.environ)):  # type: ignore[misc]
    """The environment while modules are imported: keeps the names that they ask for."""

    asked: ClassVar[set[str]] = set()
    whole = False

    def __getitem__(self, name: str) -> str:
        _Watched.asked.add(name)
        return super().__getitem__(name)  # type: ignore[no-any-return]

    def __iter__(self) -> Any:
        _Watched.whole = True
        return super().__iter__()


class Imported:
    """What a fork server's process has imported, and which workers may be forked from it.

    Args:
        wanted: The first message: ``modules`` to import, top-level names of the worker's ``own`` modules, ``sets`` of
            environment variables by the worker itself, ``installed`` folders, the ``environment`` it
            was given, and whether it ``learns`` from its workers.
        bare: The modules that every interpreter has loaded before its first own line.

    Raises:
        UnfitError: No worker can be forked from this process.
    """

    def __init__(self, wanted: dict[str, Any], *, bare: frozenset[str]) -> None:
        self.given: dict[str, str] = wanted["environment"]
        self.learns: bool = wanted["learns"]
        self.generators: list[random.Random] = []
        self._wanted = wanted
        self._bare = bare
        self._unfit = ""
        self._examined: frozenset[str] = frozenset()
        self._import_all(wanted["modules"])
        _name_the_build()

    def learn(self, names: list[str], job: dict[str, Any] | None = None) -> list[str]:
        """Import what a worker has imported late, and return the names of it.

        Args:
            names: What the worker looked for, in this order.
            job: The request for that worker; None: another fork server has learned it.

        Raises:
            UnfitError: That would make it another worker than its own start does: no further one is forked.
        """
        before = frozenset(sys.modules)
        try:
            if any(map(self._is_shared, names)):  # else there is nothing new to examine
                self._import_all(name for name in names if self._is_shared(name))
            if job and (refusal := self.refusal(job)):
                raise UnfitError(refusal)
        except UnfitError as error:
            self._unfit = str(error)
            raise
        return [name for name in names if name in sys.modules and name not in before]

    def _is_shared(self, name: str) -> bool:
        """Tell whether a module is installed and not there yet; the packages above it are imported already."""
        above, _, _ = name.rpartition(".")
        own = name.partition(".")[0] in self._wanted["own"]
        if own or name in sys.modules or (above and above not in sys.modules):
            return False
        try:
            spec = importlib.util.find_spec(name)
        except (Exception, SystemExit):
            return False
        if spec is None or spec.origin in ("built-in", "frozen"):
            return spec is not None
        places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
        return all(os.path.realpath(place).startswith(tuple(self._wanted["installed"])) for place in places)

    def _import_all(self, names: Iterable[str]) -> None:
        plain, collects = os.environ.__class__, gc.isenabled()
        opened, children = _descriptors(), _children()
        os.environ.__class__ = _Watched
        gc.disable()  # next to nothing of what imports make is garbage
        try:
            for name in names:
                _import(name)
        finally:
            os.environ.__class__ = plain
        self._examine(self._wanted, opened, children)
        self.asked = frozenset(_Watched.asked)
        now = dict(os.environ)
        self.written = {name: value for name, value in now.items() if self.given.get(name) != value}
        self.removed = self.given.keys() - now.keys()
        self.tops = {name.partition(".")[0] for name in sys.modules.keys() - self._bare}
        self.generators += filter(_is_generator, gc.get_objects())
        gc.freeze()  # and what is frozen is not among the objects any more
        if collects:
            gc.enable()

    def _examine(self, wanted: dict[str, Any], before: set[str], children: set[str]) -> None:
        if opened := _descriptors() - before:
            raise UnfitError(f"an import opened {', '.join(sorted(opened))}")
        if _children() - children:
            raise UnfitError("an import started a process")
        if _Watched.whole:
            raise UnfitError("an import read the whole environment")
        if both := _Watched.asked & set(wanted["sets"]):
            raise UnfitError(f"the program sets {min(both)}, which an import reads")
        installed = tuple(wanted["installed"])
        for name in sys.modules.keys() - self._bare - self._examined:
            file = getattr(sys.modules[name], "__file__", None)
            if name in ("__main__", "__mp_main__") or not file:
                continue
            if name.partition(".")[0] in wanted["own"] or not _real_path(file).startswith(installed):
                raise UnfitError(f"an import imported {name}, which is not installed")
        self._examined = frozenset(sys.modules)

    def refusal(self, job: dict[str, Any]) -> str:
        """Say why a worker would not be what a start of its own makes it, or return an empty text."""
        if self._unfit:
            return self._unfit
        for name in sorted(self.asked):
            if self.given.get(name) != job["environment"].get(name):
                return f"an import read {name}, which is another one in this worker"
        if name := self._read_by_the_interpreter(job["environment"]):
            return f"the interpreter read {name}, which is another one in this worker"
        if both := self.tops.intersection(job["afresh"]):
            return f"{min(both)} is imported, which it is to import itself"
        root = job["root"]
        shadows = {name for name in self.tops & _modules_in(root) if not _is_below(root, name)}
        if shadows and (job["puts_root_first"] or not sys.flags.safe_path):
            return f"the module {min(shadows)} of the worker stands before the imported one"
        return ""

    def _read_by_the_interpreter(self, wanted: dict[str, str]) -> str:
        """Return a variable of Python itself that differs; the hash seed is given by the choice of the fork server."""
        names = {name for name in {*self.given, *wanted} if name.startswith("PYTHON")}
        differ = {name for name in names if self.given.get(name) != wanted.get(name)}
        return min(differ - ({_SEED} - wanted.keys()), default="")

    def environment(self, job: dict[str, Any]) -> dict[str, str]:
        """Return the environment of a worker, with what the interpreter and the imports did to it."""
        kept = {name: value for name, value in job["environment"].items() if name not in self.removed}
        return {**kept, **self.written}


def _real_path(file: str) -> str:
    """Return the path of a file without links, as ``os.path.realpath`` does: 12 ms for 1,200 modules, not 38."""
    folder, name = os.path.split(file)
    path = os.path.join(_real_folder(folder), name)
    return os.path.realpath(path) if os.path.islink(path) else path


@functools.cache
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):  # the worker will meet it itself, and may be prepared for it
        return
    if len(os.listdir("/proc/self/task")) > 1:
        raise UnfitError(f"importing {name} started a thread")


def _is_generator(value: object) -> bool:
    """Tell whether an object makes random numbers. Its type is asked: a lazy proxy would import what it stands for."""
    kind = type(value)
    return issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom)


def _name_the_build() -> None:
    """Make the SDK's default build id now, of what is imported, and let it remember that.

    Else each worker reads and hashes the code of every imported module: 0.6 CPU-seconds for 1,200 of them. Here their
    files are told apart by place, size and time of change.
    """
    module = sys.modules.get("temporalio.worker._worker")
    if getattr(module, "_default_build_id", "") is not None:  # this SDK remembers it elsewhere, if it does
        return
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(sys.modules):
        with contextlib.suppress(OSError, TypeError, KeyError):
            file = sys.modules[name].__dict__["__file__"]
            status = os.stat(file)
            digest.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    module.__dict__["_default_build_id"] = digest.hexdigest()


def _descriptors() -> set[str]:
    """Return what is open, without devices."""
    opened = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # that of the listing itself
            continue
        if not target.startswith(("/dev/", "/proc/")):
            opened.add(target)
    return opened


def _children() -> set[str]:
    """Return the ids of the processes that this one has started and not reaped."""
    own, children = str(os.getpid()).encode(), set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            if file.read().rpartition(b")")[2].split()[1] == own:
                children.add(name)
    return children


def _is_below(folder: str, name: str) -> bool:
    """Tell whether an imported module is the one of a folder itself."""
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return os.path.realpath(file).startswith(os.path.join(os.path.realpath(folder), ""))


def _modules_in(folder: str) -> set[str]:
    """Return the top-level modules of a folder."""
    modules = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            name, dot, ending = entry.name.partition(".")
            is_module = ending.endswith(("py", "so", "pyc")) if dot else os.path.exists(f"{entry.path}/__init__.py")
            if is_module:
                modules.add(name)
    return modules
