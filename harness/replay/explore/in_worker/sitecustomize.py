"""Loaded by a Python worker that is explored, from PYTHONPATH: lets ``__stack_trace`` name the line that waits.

The SDK's own answer holds the outermost frame of each task alone, and that of the run method is the SDK's: where the
run method itself waits, no line of it is shown. This follows what each coroutine awaits, to the innermost frame. It
changes nothing else, and imports nothing before the worker does; the folder it lies in is taken off the path again.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import traceback
from typing import Any

_MODULE = "temporalio.worker._workflow_instance"


def _stack_trace(instance: Any) -> str:
    """Answer as the SDK does, with all frames of each task."""
    stacks = []
    for task in list(instance._tasks):
        lines = traceback.format_list(_frames(task.get_coro()))
        stacks.append(f"Stack for {task!r} (most recent call last):\n" + "\n".join(lines))
    return "\n\n".join(stacks)


def _frames(awaited: Any) -> list[traceback.FrameSummary]:
    frames = []
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            code = frame.f_code
            frames.append(traceback.FrameSummary(code.co_filename, frame.f_lineno, code.co_name))
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return frames


class _WhenImported(importlib.abc.MetaPathFinder):
    """Waits for the SDK's module to be imported, and mends its answer then."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            instance = getattr(module, "_WorkflowInstanceImpl", None)
            if hasattr(instance, "_stack_trace"):
                instance._stack_trace = _stack_trace  # type: ignore[union-attr]

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _load_that_of_the_user() -> None:
    """Load the ``sitecustomize`` that would have been loaded without this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or os.curdir) != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize")
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


sys.meta_path.insert(0, _WhenImported())
_load_that_of_the_user()
