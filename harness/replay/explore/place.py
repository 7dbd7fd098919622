"""Where in the user's own code a stack trace ends."""

from __future__ import annotations

import os
import re

_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\w+)')


def place_of(stack: str) -> str:
    """Return the innermost line of a Python stack trace that is the user's own; empty where none is."""
    frames = [frame for frame in _FRAME.findall(stack) if "site-packages" not in frame[0] and "<" not in frame[0]]
    own = [frame for frame in frames if not frame[0].startswith(os.path.dirname(os.__file__))]
    if not own:
        return ""
    file, line, function = own[-1]
    return f"{os.path.relpath(file)}:{line} in {function}"
