"""The version of the Temporal SDK that crashproof itself runs on; a worker may run on another one."""

from __future__ import annotations

import re
from importlib import metadata

from harness.errors import UsageError

NEEDED = (1, 32)
"""The first version, major and minor, that knows how the server skips time by workflow; pyproject.toml says it, too."""


def require_sdk() -> None:
    """Make sure that the Temporal SDK beside the running interpreter is one that crashproof can use.

    Raises:
        UsageError: It is missing or too old; the message says what to do, for workers on an older one too.
    """
    try:
        version = metadata.version("temporalio")
    except metadata.PackageNotFoundError:
        raise UsageError(f"the Temporal SDK is not installed beside crashproof: {_remedy()}") from None
    if not is_enough(version):
        raise UsageError(
            f"crashproof itself needs the Temporal SDK {_shown()} or later, and runs beside temporalio {version}: "
            f"{_remedy()}. A worker may stay on an older one in an environment of its own: "
            "--worker '/path/to/its/python worker.py'"
        )


def is_enough(version: str) -> bool:
    """Tell whether a version of the SDK is one that crashproof can use; one that cannot be read counts as such."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return match is None or (int(match[1]), int(match[2])) >= NEEDED


def _shown() -> str:
    return ".".join(map(str, NEEDED))


def _remedy() -> str:
    return f"run `pip install 'temporalio[grpc]>={_shown()}'`"
