"""Source files: which ones there are below the paths asked for, and their text, or why they cannot be audited."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import sys
import tokenize
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.errors import UsageError, nearest

MAX_BYTES = 1_500_000
"""Larger files are generated: nobody wrote 30,000 lines into one module."""

_SPEAKING = (
    "temporalio",
    "defn",
    "execute_activity",
    "start_activity",
    "local_activity",
    "_child_workflow",
    "_as_tool",
    "workflows=",
    "activities=",
)

_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "__pypackages__"}

_NEWER = (
    (re.compile(r"^\s*type\s+\w+\s*(\[.*\])?\s*="), "a `type` statement, Python 3.12"),
    (re.compile(r"^\s*(async\s+)?def\s+\w+\s*\["), "type parameters, Python 3.12"),
    (re.compile(r"^\s*class\s+\w+\s*\["), "type parameters, Python 3.12"),
    (re.compile(r"""(^|[^\w])[fF][rR]?["'].*\{"""), "perhaps an f-string of Python 3.12"),
    (re.compile(r"""(^|[^\w])t[rR]?["']"""), "a template string, Python 3.14"),
    (re.compile(r"^\s*except\s+[\w.]+\s*,\s*[\w.]+"), "`except` without brackets, Python 3.14"),
)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file below the paths asked for.

    Attributes:
        path: Where it is, absolute.
        file: As shown to the reader.
        text: What it says; empty if it cannot be audited.
        digest: Of its bytes, 32 hex digits.
        reason: Why it cannot be audited, in one line; empty if it can.
        owned: Whether it was asked to be audited; others are read because these import them.
        elsewhere: Whether what it holds is audited under another name.
    """

    path: Path
    file: str
    text: str = ""
    digest: str = ""
    reason: str = ""
    owned: bool = True
    elsewhere: bool = False

    @cached_property
    def speaks(self) -> bool:
        """Tell whether the text may declare or start something of Temporal, also under names of own modules."""
        return any(each in self.text for each in _SPEAKING)


def shown(path: Path) -> str:
    """Return a path as the reader would type it: from the working directory on where it is below that."""
    below = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return os.fsencode(below.as_posix()).decode(errors="replace")


def collect(
    paths: Iterable[Path | str], *, max_bytes: int = MAX_BYTES, exclude: Callable[[Path], bool] | None = None
) -> list[SourceFile]:
    """Return the Python files below these paths, each once, by name.

    Folders of virtual environments, caches and hidden folders are left out unless they are asked for. Symbolic links
    are followed, but no folder is entered twice.

    Args:
        paths: Files and folders.
        max_bytes: Size of a file that is taken for generated code.
        exclude: Tells which files and folders to leave out, even if they are asked for.

    Raises:
        UsageError: If a path does not exist.
    """
    sources: dict[Path, SourceFile] = {}
    for path in [Path(path) for path in paths]:
        if not os.path.lexists(path):
            there = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
            raise UsageError(f"There is no file or folder {path}{nearest(path.name, there)}.")
        for each in _below(Path(os.path.abspath(path)), exclude or (lambda _: False)):
            if isinstance(each, SourceFile):
                sources.setdefault(each.path, each)
            elif each not in sources:
                sources[each] = read(each, max_bytes=max_bytes)
    return sorted(sources.values(), key=lambda source: source.file)


def _below(top: Path, exclude: Callable[[Path], bool]) -> Iterator[Path | SourceFile]:
    if exclude(top):
        return
    if not top.is_dir():
        yield top
        return
    entered = {os.path.realpath(top)}
    for folder, below, names in os.walk(top, followlinks=True):
        kept = []
        for name in sorted(below):
            path = Path(folder, name)
            if name.startswith(".") or name in _LEFT_OUT or (path / "pyvenv.cfg").exists() or exclude(path):
                continue
            real = os.path.realpath(path)
            if real not in entered:
                entered.add(real)
                kept.append(name)
            elif os.path.realpath(folder).startswith(real):
                reason = "a symbolic link to a folder that it stands in"
                yield SourceFile(path=path, file=shown(path), reason=reason, elsewhere=True)
        below[:] = kept
        files = (Path(folder, name) for name in sorted(names) if name.endswith(".py"))
        yield from (path for path in files if not exclude(path))


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> SourceFile:
    """Return a file with its text, or with the reason why it has none."""
    file = shown(path)
    if "\N{REPLACEMENT CHARACTER}" in file:
        return SourceFile(path=path, file=file, reason="its name is not UTF-8")
    try:
        if not path.is_file():
            reason = "a symbolic link that leads nowhere" if path.is_symlink() else "not a file"
            return SourceFile(path=path, file=file, reason=reason)
        raw = path.read_bytes()
    except OSError as error:
        return SourceFile(path=path, file=file, reason=f"cannot be read: {error.strerror or error}")
    digest = hashlib.blake2s(raw, digest_size=16).hexdigest()
    if len(raw) > max_bytes:
        reason = f"{len(raw):,} bytes, more than {max_bytes:,}: taken for generated code"
        return SourceFile(path=path, file=file, digest=digest, reason=reason)
    text, reason = decoded(raw)
    return SourceFile(path=path, file=file, text=text, digest=digest, reason=reason)


def decoded(raw: bytes) -> tuple[str, str]:
    """Return the text of a file, its lines ended by line feeds, and an empty reason; or no text and the reason."""
    if b"\0" in raw:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "", "is UTF-16, which Python does not read"
        return "", "is binary, not Python"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, LookupError) as error:
        return "", f"its encoding cannot be told: {error}"
    except UnicodeDecodeError as error:
        return "", f"line {_line_of(raw, error.start)} is not {error.encoding}"
    return text.replace("\r\n", "\n").replace("\r", "\n"), ""


def parsed(text: str) -> ast.Module | str:
    """Return the syntax tree, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        return _syntax_reason(error, text.split("\n"))
    except (ValueError, MemoryError, RecursionError) as error:
        return f"cannot be parsed: {error or type(error).__name__}"


def _syntax_reason(error: SyntaxError, lines: list[str]) -> str:
    number = error.lineno or 1
    line = lines[number - 1] if number <= len(lines) else ""
    for pattern, what in _NEWER:
        if pattern.search(line):
            ours = f"{sys.version_info.major}.{sys.version_info.minor}"
            return f"line {number}: {error.msg} ({what}; the audit runs on Python {ours})"
    return f"line {number}: {error.msg}"


def _line_of(raw: bytes, offset: int) -> int:
    return raw.count(b"\n", 0, offset) + 1
