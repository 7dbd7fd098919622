"""Foreign text made harmless: what a worker, a history, a file name or a server says may hold any character."""

from __future__ import annotations

import re

_STEERING = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f"  # C0 controls but tab and newline, and DEL
    "\x80-\x9f"  # C1 controls: \x9b begins a control sequence as ESC [ does
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, embeddings, overrides and isolates of direction
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff"  # lone surrogates, which cannot be encoded
    "]"
)
_STEERING_IN_LINE = re.compile(f"{_STEERING.pattern}|\n")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD]")


def for_terminal(text: str) -> str:
    r"""Return a text of several lines in which nothing steers a terminal or changes the direction of reading.

    What would is shown as Python writes it: ``\x1b``, ``\x9b``, ``\u202e``. Tabs and newlines stay.
    """
    return _STEERING.sub(_shown, text)


def for_line(text: str) -> str:
    """Return a text as ``for_terminal`` does, on one line: its newlines are shown, too."""
    return _STEERING_IN_LINE.sub(_shown, text)


def for_xml(text: str) -> str:
    """Return a text without the characters that XML 1.0 does not allow."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _shown(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape", "surrogatepass").decode()
