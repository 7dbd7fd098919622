"""Where in the user's own code a stack trace ends, of what was raised or of what waits."""

from __future__ import annotations

import os
import re

_PYTHON = re.compile(r'File "([^"]+)", line (\d+), in (\w+)')
_GO = re.compile(r"^(\S+)\(.*\)\n\t(\S+\.go):(\d+)", re.MULTILINE)
_STACK = re.compile(r"^(?=Stack for |coroutine )", re.MULTILINE)
_MAIN = re.compile(r"Stack for <\S+ \w+ name='run |coroutine root ")
"""How the stack of the run method begins, in Python and in Go."""

_NOT_OWN = ("site-packages", "<", "/lib/python3.", "/go.temporal.io/", "/src/runtime/")
"""What the path of a file holds that is no code of the user's."""


def place_of(stack: str) -> str:
    """Return the innermost line of a stack trace that is the user's own; empty where none is."""
    python = [(file, line, function) for file, line, function in _PYTHON.findall(stack) if _is_own(file)]
    if python:
        file, line, function = python[-1]  # the most recent call is the last
    else:
        go = [(file, line, function.rpartition(".")[2]) for function, file, line in _GO.findall(stack) if _is_own(file)]
        if not go:
            return ""
        file, line, function = go[0]
    return f"{os.path.relpath(file)}:{line} in {function}"


def waiting_place(stacks: str) -> str:
    """Return the user's own line at which a workflow waits; empty where none is shown.

    Args:
        stacks: What the query ``__stack_trace`` is answered with: the stack of the run method, and of what runs beside.
    """
    each = sorted(filter(None, _STACK.split(stacks)), key=lambda stack: not _MAIN.match(stack))
    places = [place for place in map(place_of, each) if place]
    if not places or (each and place_of(each[0])):
        return places[0] if places else ""
    return min(places)  # tasks that wait side by side come in any order


def _is_own(file: str) -> bool:
    return not any(part in file for part in _NOT_OWN)
