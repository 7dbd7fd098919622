"""Code frames: a line of code with its neighbours, and carets below what is meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from harness.foreign import for_line
from harness.records.audit_result import CodePlace
from harness.report.text import Paint

Lines = Callable[[str], Sequence[str]]
"""Returns the lines of a file; none if it cannot be read."""

_BEFORE, _AFTER = 2, 1
_TAB = 4


def frame(
    place: CodePlace, lines: Lines, *, paint: Paint, style: str = "red", width: int = 100, neighbours: bool = True
) -> Iterator[str]:
    """Yield the line of a place with its neighbours, numbered, and carets below what is meant.

    Args:
        place: The place.
        lines: Returns the lines of its file.
        paint: Colours the carets.
        style: Of the carets.
        width: How many columns a line of code may take.
        neighbours: Whether to show them.
    """
    text = lines(place.file)
    if not 0 < place.line <= len(text):
        return
    shown = _shown(text, place.line) if neighbours else [place.line]
    digits = len(str(shown[-1]))
    first, last = _range(place, text[place.line - 1])
    cut = _cut(first, last, width)
    for number in shown:
        mark = paint(">", style, "bold") if number == place.line else " "
        code = _window(text[number - 1], cut, width)
        yield f"{mark} {paint(f'{number:>{digits}} |', 'dim')} {code}".rstrip()
        if number == place.line:
            blank, carets = (_cells(_window(text[number - 1], cut, width, until)) for until in (first, last))
            below = paint("^" * max(1, carets - blank), style, "bold")
            yield f"  {paint(' ' * digits + ' |', 'dim')} {' ' * blank}{below}"


def _shown(text: Sequence[str], line: int) -> list[int]:
    """Return the numbers of the lines to show: no blank ones at the edges."""
    shown = list(range(max(1, line - _BEFORE), min(len(text), line + _AFTER) + 1))
    while shown[0] < line and not text[shown[0] - 1].strip():
        shown.pop(0)
    while shown[-1] > line and not text[shown[-1] - 1].strip():
        shown.pop()
    return shown


def _range(place: CodePlace, line: str) -> tuple[int, int]:
    """Return from where to where, in characters from 0, the carets go: on the first line of what is meant."""
    end = len(line.rstrip())
    last = place.end_column - 1 if place.end_line == place.line and place.end_column > place.column else end
    first = min(max(0, place.column - 1), end)
    return first, min(max(last, first + 1), max(end, first + 1))


def _cut(first: int, last: int, width: int) -> int:
    """Return how many characters to leave out at the beginning of a long line, so that what is meant is seen."""
    return 0 if min(last, first + 20) <= width else max(0, first - width // 3)


def _window(line: str, cut: int, width: int, until: int | None = None) -> str:
    """Return the part of a line that is shown, as far as to a character where ``until`` says so."""
    ahead = "…" if cut and line[:cut].strip() else ""
    part = line[cut:] if until is None else line[cut : max(cut, until)]
    part = ahead + for_line(part.replace("\t", " " * _TAB))
    return part if len(part) <= width else part[: width - 1] + "…"


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )
