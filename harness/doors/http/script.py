"""Scripts: Python files of the user with ``answer(question)``, which say what a model or an effect answers.

A script is a function of the question alone, so that a worker that was killed and asks again hears the same answer.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from harness.errors import UsageError, nearest

TIME_LIMIT = 5.0
"""Longest time in seconds that a script may take for one answer: it holds up every slot meanwhile."""


class ScriptError(Exception):
    """A script raised, took too long or returned what is no answer; the message names file, line and reason."""


@dataclass(frozen=True)
class Script:
    """A script of the user that has been loaded, and can be asked for answers.

    Attributes:
        path: The file, as the user named it.
        function: Its ``answer``.
    """

    path: Path
    function: Callable[[dict[str, Any]], Any]

    def answer(self, question: dict[str, Any]) -> Any:
        """Return what the script answers.

        Raises:
            ScriptError: The script raised or took longer than ``TIME_LIMIT``.
        """
        try:
            with _within(TIME_LIMIT):
                return self.function(question)
        except (Exception, SystemExit) as error:
            raise ScriptError(_line_and_reason(self.path, error)) from None

    def refuse(self, reason: str) -> ScriptError:
        """Return the error which says that what ``answer`` returned is no answer."""
        line = self.function.__code__.co_firstlineno if inspect.isfunction(self.function) else 1
        return ScriptError(f"{self.path}:{line}: answer() returned what is no answer: {reason}")


def load(path: Path) -> Script:
    """Load a script, with its folder importable.

    Raises:
        UsageError: The file is missing, cannot be imported, or has no plain function ``answer``.
    """
    module = _loaded(path)
    function = getattr(module, "answer", None)
    if function is None:
        defined = [name for name in vars(module) if not name.startswith("_")]
        raise UsageError(f"script {path} has no function answer(request){nearest('answer', defined)}")
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise UsageError(f"script {path}: answer must be a plain function, neither async nor a value")
    return Script(path, function)


def load_function(path: Path, name: str) -> Callable[[dict[str, Any]], Any] | None:
    """Load a further function of a script; None where it has none of that name.

    Raises:
        UsageError: The file is missing or cannot be imported, or what it calls so is no plain function.
    """
    function = getattr(_loaded(path), name, None)
    if function is not None and (not callable(function) or inspect.iscoroutinefunction(function)):
        raise UsageError(f"script {path}: {name} must be a plain function, neither async nor a value")
    return function


def _loaded(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"script {path} does not exist: give a Python file with answer(request)")
    sys.path.insert(0, str(path.resolve().parent))
    return _imported(path)


def _imported(path: Path) -> ModuleType:
    name = f"crashproof_script_{path.stem}_{len(sys.modules)}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise UsageError(f"script {path} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _within(TIME_LIMIT * 4):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"script cannot be imported: {_line_and_reason(path, error)}") from None
    return module


def _line_and_reason(path: Path, error: BaseException) -> str:
    """Return ``file:line: Type: message``, at the deepest line that is in the script's own file."""
    reason = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    file = path.resolve()
    if isinstance(error, SyntaxError) and error.filename:
        shown = path if Path(error.filename) == file else error.filename
        return f"{shown}:{error.lineno}: {reason}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if Path(frame.filename) == file]
    return f"{path}:{own[-1]}: {reason}" if own else f"{path}: {reason}"


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after so many seconds; without effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer within {seconds:g} s")

    handled = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handled)
