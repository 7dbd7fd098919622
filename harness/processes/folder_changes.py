"""Changes of folders and of the files in them, as the kernel tells them (Linux, inotify(7)).

It tells of every write, rename and removal by whatever process of this machine, before the call of that process comes
back. It does not tell of writes through a mapping of a file (mmap(2)), of what a link leads to, and of what another
machine writes to a file system of the network.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_MODIFIED, _ATTRIBUTES, _MOVED, _MADE, _REMOVED, _GONE = 0x2, 0x4, 0xC0, 0x100, 0x200, 0xC00
_ALL = _MODIFIED | _ATTRIBUTES | _MOVED | _MADE | _REMOVED | _GONE
_ONLY_FOLDERS = 0x01000000
_READ_BYTES = 1 << 16


class FolderChanges:
    """Tells whether anything has changed in some folders since it was last asked; not what, and not below them.

    Attributes:
        known: Whether it can tell: the kernel does so for as many folders only as it was set up for.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
        self._events = self._library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC) if self._library else -1
        self.known = self._events >= 0

    def watch(self, folder: str) -> None:
        """Tell of this folder, too, from now on; asked once more, nothing changes."""
        if self._library and self.known:
            watch = self._library.inotify_add_watch(self._events, os.fsencode(folder), _ALL | _ONLY_FOLDERS)
            self.known = watch >= 0 or not os.path.isdir(folder)

    def any(self) -> bool:
        """Tell whether anything has changed since this was last asked, or may have."""
        seen = False
        with contextlib.suppress(BlockingIOError):
            while self._events >= 0 and os.read(self._events, _READ_BYTES):
                seen = True
        return seen or not self.known

    def close(self) -> None:
        """Tell of nothing any more, and give back what the kernel keeps for it."""
        self.known = False
        if self._events >= 0:
            os.close(self._events)
            self._events = -1
