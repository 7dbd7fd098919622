"""The table of figures: what was measured, and the bound it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        measured: What came out, with its unit.
        wanted: The bound, in the same unit; empty for a figure that only orients.
        met: Whether the bound was met; None without a bound.
    """

    name: str
    measured: str
    wanted: str = ""
    met: bool | None = None


def below(name: str, value: float, bound: float, *, unit: str, digits: int = 0) -> Figure:
    """Return the figure of a value that is wanted below a bound."""
    return Figure(
        name=name,
        measured=f"{value:.{digits}f} {unit}",
        wanted=f"< {bound:.{digits}f} {unit}",
        met=value < bound,
    )


def above(name: str, value: float, bound: float, *, unit: str, digits: int = 0) -> Figure:
    """Return the figure of a value that is wanted to be a bound or more."""
    measured, wanted = f"{value:.{digits}f} {unit}", f">= {bound:.{digits}f} {unit}"
    return Figure(name=name, measured=measured, wanted=wanted, met=value >= bound)


def equal(name: str, value: object, wanted: object) -> Figure:
    """Return the figure of a value that is wanted to be exactly so."""
    return Figure(name=name, measured=str(value), wanted=str(wanted), met=value == wanted)


def render(figures: Sequence[Figure]) -> str:
    """Return the table as plain text, with the columns aligned."""
    rows = [("figure", "measured", "wanted", "")]
    rows += [
        (each.name, each.measured, each.wanted, {True: "met", False: "MISSED", None: ""}[each.met]) for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths[:3]))
    return "\n".join(lines)
