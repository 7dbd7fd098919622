"""Finding scenarios: in files, in folders, by name."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from harness.app.worker_program import makes_worker
from harness.errors import UsageError, nearest
from harness.records.scenario import Scenario

READY_WITH = "READY_WITH"
"""Variable by which a file of scenarios names others, relative to its folder, that show how ready its agent is."""

_HOME = Path("scenarios")


def load(targets: Sequence[str]) -> list[Scenario]:
    """Return the scenarios that the targets name, in order, each once.

    A target is a file, a folder (the files directly in it), ``FILE::NAME``, or the name of a scenario declared
    anywhere below ``scenarios/``.

    Raises:
        UsageError: A target names nothing, or a file cannot be loaded.
    """
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    scenarios: dict[tuple[str, str], Scenario] = {}
    for target in targets:
        for scenario in _load_one(target):
            scenarios[scenario.file, scenario.name] = scenario
    return _named_apart(list(scenarios.values()))


def beside(targets: Sequence[str]) -> list[str]:
    """Return what the files among targets name in ``READY_WITH``: scenarios that their readiness is measured by, too.

    Raises:
        UsageError: A file cannot be loaded.
    """
    files = [Path(target) for target in targets if target.endswith(".py") and Path(target).is_file()]
    named = [(file, getattr(_import(file), READY_WITH, ())) for file in files if READY_WITH in file.read_text("utf-8")]
    return [str(file.parent / target) for file, wanted in named for target in wanted]


def load_file(path: Path) -> list[Scenario]:
    """Return the scenarios that a file declares.

    Raises:
        UsageError: It is missing, unreadable, fails to import, or declares none.
    """
    module = _import(path)
    title = (module.__doc__ or "").strip().splitlines()[:1]
    declared = [
        replace(value, name=value.name or name, title=value.title or "".join(title), file=str(path))
        for name, value in vars(module).items()
        if isinstance(value, Scenario)
    ]
    if not declared:
        none = f"{path} declares no scenario: a variable that holds a harness.Scenario is one"
        raise UsageError(
            f"{none}; the program of a worker is given alone: crashproof run {path}"
            if makes_worker(path)
            else f"{none}; nor does it make a worker, as `Worker(...)` of temporalio does"
        )
    return declared


def _load_one(target: str) -> list[Scenario]:
    place, separator, name = target.partition("::")
    path = Path(place)
    if not place:
        raise UsageError("a scenario is named by an empty text: give a file, a folder or a name")
    if path.is_dir():
        files = [file for file in sorted(path.glob("*.py")) if _declares(file)]
        if not files:
            raise UsageError(f"the folder {place} holds no file that declares a scenario")
        scenarios = [scenario for file in files for scenario in load_file(file)]
    elif path.is_file():
        scenarios = load_file(path)
    elif path.exists():
        raise UsageError(f"{place} is neither a file nor a folder")
    elif separator or place.endswith(".py") or "/" in place:
        raise UsageError(f"there is no scenario file {place}{nearest(place, _python_files(path.parent))}")
    else:
        return [_by_name(place)]
    return [_pick(scenarios, name)] if name else scenarios


def _by_name(name: str) -> Scenario:
    files = [file for file in sorted(_HOME.rglob("*.py")) if _declares(file)]
    scenarios = [scenario for file in files for scenario in load_file(file)]
    if not scenarios:
        raise UsageError(f"there is no file or folder {name!r}, and no scenario is declared below {_HOME}/")
    return _pick(scenarios, name)


def _pick(scenarios: Iterable[Scenario], name: str) -> Scenario:
    known = {scenario.name: scenario for scenario in scenarios}
    if name not in known:
        raise UsageError(f"no scenario is called {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    return known[name]


def _named_apart(scenarios: list[Scenario]) -> list[Scenario]:
    names = [scenario.name for scenario in scenarios]
    return [
        replace(scenario, name=f"{Path(scenario.file).stem}.{scenario.name}")
        if names.count(scenario.name) > 1
        else scenario
        for scenario in scenarios
    ]


def _declares(file: Path) -> bool:
    try:
        return file.is_file() and "Scenario(" in file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _python_files(folder: Path) -> list[str]:
    return [str(file) for file in folder.glob("*.py")] if folder.is_dir() else []


@contextlib.contextmanager
def _kept_running(path: Path) -> Iterator[None]:
    """Keep a file that is loaded from ending or replacing this process, whose exit status would then be its own."""
    ways = {name: getattr(os, name) for name in dir(os) if name.startswith("exec") or name in ("_exit", "abort")}
    for name in ways:
        setattr(os, name, _refusing(f"{path} calls os.{name}: a file of scenarios only declares them"))
    try:
        yield
    finally:
        for name, way in ways.items():
            setattr(os, name, way)


def _refusing(message: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise UsageError(message)

    return refuse


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"crashproof_scenario_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        # What the file prints is no data of the command's: it goes where all says something to people.
        with _kept_running(path), open(2, "w", closefd=False) as people, contextlib.redirect_stdout(people):
            spec.loader.exec_module(module)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a file raises says nothing of the outcome
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).resolve() == path.resolve()
        ]
        line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
        where = f"{path}:{line}" if line else str(path)
        raise UsageError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    return module
