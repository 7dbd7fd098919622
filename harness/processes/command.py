"""The command of a worker process: its words, and the environment in which it runs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.errors import UsageError


def command_words(command: str) -> list[str]:
    """Split a command line as a shell would.

    Raises:
        UsageError: It is empty or has an open quote.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"the command {command!r} cannot be split into words: {error}") from error
    if not words:
        raise UsageError("the worker command is empty")
    return words


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker process: crashproof's own, with ``more`` and without ``TEMPORAL_DEBUG``.

    ``TEMPORAL_DEBUG`` would turn the SDK's deadlock detection off, and an HTTP proxy would lead past the doors. The
    Python that runs crashproof comes first on PATH, so that ``python worker.py`` means it.
    """
    own = {key: value for key, value in os.environ.items() if key != "TEMPORAL_DEBUG"}
    own["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)])
    own["PYTHONUNBUFFERED"] = "1"
    own["NO_PROXY"] = own["no_proxy"] = "127.0.0.1,localhost"
    return {**own, **more}
