"""The tie of a process to the one that started it: when that one dies, however it does, this one dies too.

Two programs that run by their path, without this package, load this file by its path: it imports little, and nothing
of crashproof.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int = 0) -> None:
    """Ask the kernel (Linux) to kill this process when the one that started it dies.

    Args:
        parent: Process id of that one; this process ends at once if it is dead already. 0: it is not known, and the end
            of standard input tells of its death.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:  # it died before the request was made
        os._exit(1)
