"""The ties between a process and the one that started it, as the kernel (Linux) keeps them.

A program that runs by its path, without this package, loads this file by its path: it imports little, and nothing of
crashproof.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(parent: int = 0) -> None:
    """Ask the kernel (Linux) to kill this process when the one that started it dies, however that one does.

    Args:
        parent: Process id of that one; this process ends at once if it is dead already. 0: it is not known, and the end
            of standard input tells of its death.
    """
    _ask(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:  # it died before the request was made
        os._exit(1)


def adopt_orphans() -> None:
    """Ask the kernel (Linux) to make this process the parent of every process below it whose own parent dies.

    So none can leave the tree below it, whatever it does to its session, its group, its environment or its parent.
    """
    _ask(_PR_SET_CHILD_SUBREAPER, 1)


def holds_orphans() -> bool:
    """Tell whether ``adopt_orphans`` holds what it promises here: it needs Linux, and ``/proc`` to see who is below."""
    return sys.platform.startswith("linux") and os.path.exists("/proc/self/stat")


def _ask(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value)
