"""The command of a worker process: its words, and the environment in which it runs."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.processes.process import find_command
from harness.records.placeholders import filled_in

KEYS = {
    "OPENAI_API_KEY": f"sk-proj-{secrets.token_urlsafe(36)}",
    "ANTHROPIC_API_KEY": f"sk-ant-api03-{secrets.token_urlsafe(36)}",
}
"""Keys of models for worker processes, made anew in each run: their clients need one, and the doors ask for none.

They look like any other, since a worker may behave as it should only where it sees that it is being tried.
"""


@dataclass(frozen=True, kw_only=True)
class WorkerCode:
    """The code of a worker: the command that runs it, and where.

    Attributes:
        words: The program and its arguments.
        folder: Folder that it runs in; None: the current one.
    """

    words: tuple[str, ...]
    folder: Path | None = None


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


def environment(doors: Mapping[str, str], *, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a worker process: crashproof's own without what leads past the doors, and more.

    Left out is all that Temporal's clients configure themselves by (addresses, profiles, API keys, TLS, headers), so
    that no worker under test reaches the user's own cluster and no key of it reaches a door; ``TEMPORAL_DEBUG``, which
    would turn the SDK's deadlock detection off; and keys of models that the doors do not ask for. Nor is the
    configuration file read that stands in the user's home: an empty one is named in its place. The Python that runs
    crashproof comes first on PATH, so that ``python worker.py`` means it.

    Args:
        doors: The variables by which the process finds the doors, and others of crashproof's.
        given: Those that the user gives, with placeholders (see ``harness.records.placeholders``); they come last.

    Raises:
        UsageError: A placeholder is misspelt.
    """
    without = frozenset(left_out())
    own = {name: value for name, value in os.environ.items() if name not in without}
    own["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)])
    own["PYTHONUNBUFFERED"] = "1"
    own["NO_PROXY"] = own["no_proxy"] = "127.0.0.1,localhost,.invalid"
    own["TEMPORAL_CONFIG_FILE"] = os.devnull
    return {**own, **doors, **filled_in(given or {}, doors)}


def is_installed_here(command: str) -> bool:
    """Tell whether a command runs a program of the environment that crashproof runs in, and so with its packages.

    Programs of other folders run another Python, or none: what they import cannot be imported here.
    """
    try:
        file = find_command(command_words(command), path=environment({})["PATH"])
    except UsageError:
        return True  # that is told where it is started
    return os.path.dirname(file) == os.path.dirname(os.path.abspath(sys.executable))


def left_out() -> list[str]:
    """Return the names of crashproof's own variables that a worker process does not get, in order.

    Every ``TEMPORAL_`` name is one: beside those of ``temporalio.envconfig`` many programs read some of their own
    (``TEMPORAL_HOST_URL``, ``TEMPORAL_CLOUD_API_KEY``). What a worker needs of them is given to it by name.
    """
    return sorted(
        name
        for name in os.environ
        if (name.upper().startswith("TEMPORAL_") and name.upper() not in _HARMLESS) or name in _KEYS_OF_MODELS
    )


_HARMLESS = ("TEMPORAL_TASK_QUEUE",)
"""Variables that say nothing of a cluster, though their name begins as if they did."""

_KEYS_OF_MODELS = ("ANTHROPIC_AUTH_TOKEN", "OPENAI_ADMIN_KEY")
"""Keys that the clients of models send beside the one that the doors give them."""
