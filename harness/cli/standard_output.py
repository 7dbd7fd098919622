"""Standard output is for data: what the command prints, and one document also where it cannot do what was asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_JUDGING = ("run", "judge", "reproduce", "explore", "replay", "audit", "report")

written: set[str] = set()
"""Holds the form of the report, once it was written as a document."""


def own_standard_output() -> None:
    """Keep standard output for what this command prints: what anything else writes there goes to standard error.

    The SDK's core logs to the file descriptor, and so do libraries of the user's own code.
    """
    _open_what_is_closed()
    kept = os.dup(1)
    os.dup2(2, 1)
    encoding = sys.stdout.encoding if sys.stdout else "utf-8"
    sys.stdout = os.fdopen(kept, "w", encoding=encoding, errors="backslashreplace")


def _open_what_is_closed() -> None:
    """Let what was started with a closed stream (``2>&-``) read nothing from it, and write to nowhere.

    The next file or socket that is opened would take its number else, and be written to as the stream.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
            os.set_inheritable(descriptor, True)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


def write_failure(message: str, *, status: int, arguments: Sequence[str]) -> None:
    """Write the document of a judging command that was asked for one and could not judge.

    Args:
        message: Why it could not.
        status: The exit status.
        arguments: Those of the command line.
    """
    form = _form(arguments)
    if not form or written or not set(_JUDGING) & set(arguments):
        return
    from harness.report.document import encoded, failure_document, indented

    document = failure_document(message, status=status)
    sys.stdout.write((indented(document) if form == "json" else encoded(document)).decode() + "\n")


def _form(arguments: Sequence[str]) -> str:
    """Return the form of a document that the arguments ask for, also where they cannot be parsed."""
    for name, value in zip(arguments, (*arguments[1:], ""), strict=False):
        asked = value if name in ("-o", "--output") else name.removeprefix("--output=").removeprefix("-o")
        if asked in ("json", "jsonl"):
            return asked
    return ""
