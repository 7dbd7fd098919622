"""Written files: what was written below a worker's folders between two looks, by what stays of it in the file system.

A file counts as written when it is new, or its size, its time of change or its identity is another one than at the look
before. All three are set by the write itself, so a look that is taken while the worker's next message is held, or once
the worker has ended, misses nothing that was written before and is still there. What was made and removed in between is
nowhere any more: it was no lasting effect.

What is no effect by its nature is left out. The rule is one of names, since names are all that is seen from outside:

- hidden files and folders (``.git``, ``.venv``, ``.cache``, ``.crashproof``),
- what is made from something else: ``__pycache__``, ``*.pyc``, ``node_modules``, ``site-packages``, ``cache``,
- logs: ``*.log``, ``*.log.1``, and what is below ``log`` or ``logs``,
- what crashproof itself prints, where its standard output or error goes to a file, and the folders of its runs,
- what stands for a process or for a moment: ``*.pid``, ``*.lock``, ``*.tmp``, ``*.swp``, ``*~``, and below ``tmp``.

What is written elsewhere, by a file that is open only between two looks, goes unseen. The counters of ``/proc/PID/io``
cannot tell of it: ``wchar`` counts pipes, event loops and sockets with files. ``write_bytes`` counts the
pages of a disk that become dirty: nothing of what is written to a tmpfs, mapped, or added to a page that is dirty
already, yet the worker's own log, byte code, temporary files, and what is left out above. So it stays the same where an
effect was written, and grows in any worker that has none.

The side files of SQLite (``-wal``, ``-journal``, ``-shm``) count as the database that they belong to.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from harness.processes.folder_changes import FolderChanges
from harness.processes.scratch import OWNER

_SETTLED = 3.0  # seconds after which a change sets another time of change, in whatever file system
_MOST_FILES = 50_000  # files below the folders; more are not looked at

_NO_EFFECT_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "cache", "log", "logs", "tmp", "venv"})
_NO_EFFECT_FILE = re.compile(r".*(\.pyc|\.log|\.log\.\d+|\.pid|\.lock|\.tmp|\.swp|~)|\..*")
_SIDE_FILE = re.compile(r"-(wal|journal|shm)$")

_Marks = dict[str, tuple[int, int, int]]


@dataclass
class _Listed:
    """What was read of a folder: the files and folders in it that are looked at.

    Attributes:
        mark: What the folder itself was like; None: it is to be read again in any case.
    """

    mark: tuple[int, int, int] | None = None
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


class WrittenFiles:
    """Tells which files below some folders were written since the last look.

    Attributes:
        too_many: Whether there are more files than are looked at, so that a write may be missed.

    Args:
        folders: Where to look, with all that is below.
        own: Folders that crashproof itself writes to.
    """

    def __init__(self, folders: Sequence[Path], *, own: Sequence[Path]) -> None:
        self.too_many = False
        self._folders = [folder.resolve() for folder in folders if folder.is_dir()]
        self._own = {str(folder.resolve()) for folder in own}
        self._marks: _Marks = {}
        self._listed: dict[str, _Listed] = {}
        self._changes = FolderChanges()
        self._has_links = False  # what they lead to may be changed elsewhere

    def begin(self) -> None:
        """Take what is there now as not written."""
        self._marks = self._look()

    def close(self) -> None:
        """Look no more."""
        self._changes.close()

    def may_be_written(self) -> bool:
        """Tell whether it is worth to look again: nothing is written if not, unless through a mapping of a file.

        The kernel tells that in no time, where all files take 6 ms.
        """
        return self._changes.any() or self._has_links

    def written(self) -> list[Path]:
        """Return the files that were written since the last look, in order of their names."""
        before, self._marks = self._marks, self._look()
        names = (name for name, mark in self._marks.items() if before.get(name) != mark)
        return [Path(name) for name in sorted({database_of(name) for name in names})]

    def _look(self) -> _Marks:
        self._changes.any()  # what is told from here on may be missed by this look
        marks: _Marks = {}
        printed = _own_streams()
        for file in self._files():
            if len(marks) == _MOST_FILES:
                self.too_many = True
                break
            try:
                state = os.stat(file)
            except OSError:  # it is gone again
                continue
            if (state.st_dev, state.st_ino) in printed:
                continue
            marks[file] = (state.st_ino, state.st_size, state.st_mtime_ns)
        return marks

    def _files(self) -> Iterator[str]:
        waiting = [str(folder) for folder in self._folders]
        while waiting:
            listed = self._listed_in(waiting.pop())
            waiting += listed.folders
            yield from listed.files

    def _listed_in(self, folder: str) -> _Listed:
        """Return what is in a folder, which is read again only where that may have changed since the last look.

        Whatever is made in a folder or removed from it sets its time of change, which nobody can set back. One that had
        changed just before it was read may change once more within the same tick of the clock; and what a link leads to
        changes elsewhere. Of 1,600 files a look takes 6 ms so, and 13 where each folder is read.
        """
        try:
            state = os.stat(folder)
            mark, known = (state.st_dev, state.st_ino, state.st_ctime_ns), self._listed.get(folder)
            if known and known.mark == mark:
                return known
            settled = state.st_ctime + _SETTLED < time.time()
            self._changes.watch(folder)
            entries = list(os.scandir(folder))
        except OSError:  # it is gone, or not for us to read: then not for the worker to write, either
            return _Listed()
        has_links = any(entry.is_symlink() for entry in entries)
        self._has_links |= has_links
        listed = _Listed(mark=mark) if settled and not has_links else _Listed()
        if not _is_of_a_run({entry.name for entry in entries}):
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if self._may_hold_effects(entry):
                        listed.folders.append(entry.path)
                elif entry.is_file() and not _NO_EFFECT_FILE.fullmatch(entry.name):
                    listed.files.append(entry.path)
        self._listed[folder] = listed
        return listed

    def _may_hold_effects(self, folder: os.DirEntry[str]) -> bool:
        name = folder.name.lower()
        return not name.startswith(".") and name not in _NO_EFFECT_FOLDERS and folder.path not in self._own


def _is_of_a_run(names: Set[str]) -> bool:
    """Tell by what is in a folder whether a run of crashproof writes to it, this one or another at the same time."""
    return OWNER in names or ("run.json" in names and not names.isdisjoint(("rig", "trials")))


def database_of(file: str) -> str:
    """Return the SQLite file that a side file belongs to; any other file as it is."""
    return _SIDE_FILE.sub("", file)


def _own_streams() -> set[tuple[int, int]]:
    """Return device and number of the files that the standard output and error of this process go to."""
    streams = set()
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            state = os.fstat(descriptor)
            streams.add((state.st_dev, state.st_ino))
    return streams
