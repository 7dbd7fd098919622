"""What reports as text are made of: blocks of findings, tables, wrapped lines, colours.

``harness.report.sweep.text``, ``.replay.text`` and ``.audit.text`` put these together.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.foreign import for_line

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True)
class Paint:
    """Colours text for a terminal, or leaves it as it is.

    Attributes:
        on: Whether to colour.
    """

    on: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """Return the text in these styles: bold, dim, or a colour."""
        if not self.on or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        width: How many characters it takes, the space to its neighbour included.
        left: Whether its cells stand at the left: words do, numbers do not.
    """

    title: str
    width: int
    left: bool = False


def named_column(title: str, names: Iterable[str], *, gap: int = 2) -> Column:
    """Return a column of names that is as wide as the widest of them, and a gap."""
    return Column(title, max([len(title), *(len(for_line(name)) for name in names)]) + gap, left=True)


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the headings and each row; a row that ends early has one text that takes what is left of the line."""
    for row in ([column.title for column in columns], *rows):
        yield "".join(_cell(column, cell) for column, cell in zip(columns, row, strict=False))


def finding_block(
    *,
    title: str,
    verdicts: Sequence[tuple[str, str]],
    message: str = "",
    shown: Iterable[object] = (),
    notes: Iterable[str] = (),
    evidence: str = "",
    reproduce: str = "",
) -> Iterator[str]:
    """Yield a block on one thing that did not pass.

    Args:
        title: Whose it is.
        verdicts: Word and what it is about, a line each: ``FAIL`` and the check, ``UNKNOWN`` and the reason.
        message: What was expected and what was seen.
        shown: What shows it.
        notes: What else is to be known.
        evidence: Where all evidence lies.
        reproduce: The command that shows it again.
    """
    if title:
        yield title
    yield from (f"  {word}  {what}" for word, what in verdicts)
    if message:
        yield f"    {message}"
    yield from (f"      {each}" for each in shown)
    yield from (f"    {note}" for note in notes)
    if evidence:
        yield f"    Evidence:        {evidence}"
    if reproduce:
        yield f"    Reproduce with:  {reproduce}"


def wrapped(text: str, width: int, *, indent: str = "", first: str | None = None) -> list[str]:
    """Break a line between words, so that what is long stays readable; no word is broken.

    Args:
        text: The line.
        width: How many columns there are.
        indent: What its lines begin with.
        first: What the first of them begins with, where that is something else.
    """
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cell(column: Column, cell: object) -> str:
    text = for_line(str(cell))
    return f"{text:<{column.width}}" if column.left else f"{text:>{column.width}}"
