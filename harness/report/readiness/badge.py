"""The checklist as a badge: a small SVG picture for a README, without any outside reference."""

from __future__ import annotations

from xml.sax.saxutils import escape

from harness.records.checklist import Checklist
from harness.records.verdict import Outcome

_COLOURS = {Outcome.PASS: "#2e7d32", Outcome.FAIL: "#c62828", Outcome.UNKNOWN: "#9a6700"}
_LABEL = "crashproof"
_LETTER = 6.6
"""Width of a letter of 11 pixels in pixels, on the average: the text is stretched to it, whatever the font."""


def badge(checklist: Checklist) -> str:
    """Return the badge: ``crashproof | 12 of 12``, in the colour of the outcome.

    Points that are not applicable do not count.
    """
    counted = [point for point in checklist.points if point.outcome]
    passed = sum(point.outcome is Outcome.PASS for point in counted)
    said = f"{passed} of {len(counted)}" if counted else "not measured"
    colour = _COLOURS[checklist.outcome]
    left, right = _width(_LABEL), _width(said)
    title = escape(f"{_LABEL}: {said} points pass")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{left + right}" height="20" rx="3" fill="#444"/>\n'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{colour}"/>\n'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\n'
        f"{_text(_LABEL, left / 2, left)}\n{_text(said, left + right / 2, right)}\n</g>\n</svg>\n"
    )


def _width(text: str) -> int:
    return round(len(text) * _LETTER) + 12


def _text(text: str, middle: float, width: int) -> str:
    return f'<text x="{middle:g}" y="14" textLength="{width - 12}">{escape(text)}</text>'
