"""Names of effects: the path below their server, without the ids in it that are other ones in each run.

An id that is made anew in each run (``uuid4``) would give an effect, and the point at which it is asked for, another
name each time: nothing could be struck there again, or be compared with the undisturbed runs.
"""

from __future__ import annotations

import re

_MADE_UP = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-z])", re.IGNORECASE
)
"""A UUID, with dashes or as ``uuid4().hex``."""


def effect_name(path: str) -> str:
    """Return the name of an effect: ``orders/ID/charge`` for ``orders/0b0f...-...-9d21/charge``.

    Args:
        path: Path below the effect server, without slashes at its ends.
    """
    return _MADE_UP.sub("ID", path)
