"""A busy machine: loops that keep its processors at work, as processes of their own, ended with what they disturb."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOOPS = 8

_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    pass"
"""It ends by itself where the bench is killed."""


@contextmanager
def busy(loops: int = LOOPS) -> Iterator[None]:
    """Keep the machine busy by that many loops."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        while len(started) < loops:
            started.append(subprocess.Popen([sys.executable, "-I", "-S", "-c", _LOOP]))
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
