"""Late imports: which modules a forked worker asks for after its fork, as many do only once work comes.

The fork server's process loads this file by its path: it imports the standard library alone, and nothing of crashproof.
"""

from __future__ import annotations

import mmap
import sys

_BYTES = 1 << 17  # about 3,000 names; what does not fit is imported late by the next worker, too


class LateImports:
    """Names of modules, in memory that a worker and its fork server share: neither waits for the other or opens a file.

    In the worker it stands before the finders of modules, and finds none. What two threads write at the same time may
    be lost, which costs time alone.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _BYTES)
        self._end = 0
        self._handed_out = 0

    def watch(self) -> None:
        """In the worker: write down from now on which modules are looked for."""
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Write down a module that is looked for, and leave it to the other finders."""
        line = f"{name}\n".encode(errors="replace")
        at, self._end = self._end, self._end + len(line)
        if self._end <= _BYTES:
            self._memory[at : self._end] = line

    def names(self) -> list[str]:
        """In the fork server: return the names since this was last called, each once, in the order of asking."""
        written, _, _ = self._memory[:].partition(b"\0")
        names = list(dict.fromkeys(written.rpartition(b"\n")[0].decode(errors="replace").split()))
        new, self._handed_out = names[self._handed_out :], len(names)
        return new
