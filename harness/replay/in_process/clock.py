"""Sets the wall clock of this process wrong, which is one of the conditions that workflow code must not notice.

``time.time``, ``time.time_ns`` and ``datetime``'s ``now``, ``utcnow`` and ``today`` answer with an offset, however they
were imported, since what changes is the C function behind the name (CPython only). Monotonic clocks, which time limits
are measured with, stay right.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from harness.errors import UsageError

_Function = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_kept: list[Any] = []


def shift(*, seconds: float) -> None:
    """Let the wall clock of this process differ by ``seconds`` from now on.

    Raises:
        UsageError: This is not CPython.
    """
    if sys.implementation.name != "cpython":
        raise UsageError(f"the wall clock can be changed in CPython only, this is {sys.implementation.name}")
    offset = timedelta(seconds=seconds)
    _replace(time.time, lambda now: now + seconds)
    _replace(time.time_ns, lambda now: now + round(seconds * 1_000_000_000))
    _replace(datetime.now, lambda now: now + offset)
    _replace(datetime.utcnow, lambda now: now + offset)


def _replace(function: Any, change: Callable[[Any], Any]) -> None:
    """Let a C function return what ``change`` makes of its result.

    A function object points to its definition (after reference count and type), which holds name and C function. The
    C function takes up to four pointers, whatever its calling convention; more than it takes does no harm.
    """
    definition = ctypes.c_void_p.from_address(id(function) + 2 * _POINTER).value
    assert definition is not None
    place = ctypes.c_void_p.from_address(definition + _POINTER)
    assert place.value is not None
    original = _Function(place.value)

    def changed(*given: Any) -> Any:
        return change(original(*given))

    replaced = _Function(changed)
    _kept.extend((original, replaced))
    place.value = ctypes.cast(replaced, ctypes.c_void_p).value
