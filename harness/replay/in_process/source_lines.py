"""Tells lines of the user's code, workflow code and what it calls, from those of Temporal, Python and libraries."""

from __future__ import annotations

import functools
import os
import sysconfig
from pathlib import Path
from types import FrameType, TracebackType

import temporalio

_INSTALLED = ("site-packages", "dist-packages")
Site = tuple[str, int, str]
"""File, line and function."""


def _folder(path: str) -> str:
    return os.path.realpath(path) + os.sep


_PYTHON = tuple({_folder(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")})
_TEMPORAL = tuple(_folder(each) for each in temporalio.__path__)
_OWN = _folder(str(Path(__file__).parents[2]))
_OTHERS = (*_PYTHON, *_TEMPORAL, _OWN)


class UserCode:
    """Tells frames of the user's code from others, by their file.

    A file is the user's unless it belongs to Python, to Temporal or to an installed package. The packages in which
    the workflows themselves live are the user's, installed or not.
    """

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}
        self._homes: set[str] = set()

    def add_home(self, file: str) -> None:
        """Take the installed package that ``file``, which defines a workflow, is part of as the user's."""
        package = _installed_package(file)
        if package and package not in self._homes:
            self._homes.add(package)
            self._known.clear()

    def holds(self, file: str) -> bool:
        """Whether ``file``, the name that a code object has for it, is the user's."""
        try:
            return self._known[file]
        except KeyError:
            is_users = self._known[file] = self._look_up(file)
            return is_users

    def site(self, frame: FrameType | None) -> Site | None:
        """Return file, line and function of the innermost user frame from ``frame`` outwards."""
        known = self._known
        while frame is not None:
            file = frame.f_code.co_filename
            if known[file] if file in known else self.holds(file):
                return file, frame.f_lineno, frame.f_code.co_name
            frame = frame.f_back
        return None

    def sites(self, frame: FrameType | None) -> tuple[Site, ...]:
        """Return those of all user frames from ``frame`` outwards, the outermost first."""
        sites: list[Site] = []
        while frame is not None:
            if self.holds(frame.f_code.co_filename):
                sites.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
            frame = frame.f_back
        return tuple(reversed(sites))

    def raised_at(self, trace: TracebackType | None) -> Site | None:
        """Return file, line and function of the innermost user frame that an exception passed through."""
        site: Site | None = None
        while trace is not None:
            code = trace.tb_frame.f_code
            if self.holds(code.co_filename):
                site = code.co_filename, trace.tb_lineno, code.co_name
            trace = trace.tb_next
        return site

    def _look_up(self, file: str) -> bool:
        if file.startswith("<"):
            return False
        real = os.path.realpath(file)
        package = _installed_package(real)
        if package:
            return package in self._homes and not real.startswith(_OTHERS)
        return not real.startswith(_OTHERS)


@functools.cache
def is_python(file: str) -> bool:
    """Whether ``file`` belongs to Python itself."""
    return os.path.realpath(file).startswith(_PYTHON) and not _installed_package(file)


@functools.cache
def is_temporal(file: str) -> bool:
    """Whether ``file`` belongs to Temporal's SDK."""
    return os.path.realpath(file).startswith(_TEMPORAL)


def site_text(site: Site | None) -> str:
    """Return ``path.py:123 in run`` for a place in code, with a path relative to the working directory if below it."""
    if site is None:
        return ""
    file, line, function = site
    return f"{_shown(file, os.getcwd())}:{line} in {function}"


@functools.lru_cache(maxsize=4096)
def _shown(file: str, cwd: str) -> str:
    path = Path(file)
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


def _installed_package(file: str) -> str:
    """Return the folder or file right below site-packages that ``file`` is part of, or nothing."""
    parts = Path(file).parts
    places = [index for index, part in enumerate(parts) if part in _INSTALLED]
    if not places or places[-1] + 1 >= len(parts):
        return ""
    return os.path.join(*parts[: places[-1] + 2])
