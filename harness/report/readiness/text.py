"""The checklist as text: a line for each point, then what those need that do not pass."""

from __future__ import annotations

from collections.abc import Iterator

from harness.foreign import for_line, for_terminal
from harness.records.checklist import CheckedPoint, Checklist
from harness.records.verdict import Outcome
from harness.report.readiness.source import headline
from harness.report.text import Paint, wrapped

_COLOURS = {"PASS": "green", "FAIL": "red", "UNKNOWN": "yellow", "not applicable": "dim"}
_WORD = max(map(len, _COLOURS))


def checklist_text(checklist: Checklist, *, folder: str = "", colour: bool = False, width: int = 100) -> str:
    """Return a checklist, ready for a terminal or a log.

    Args:
        checklist: The checklist.
        folder: The evidence folder, as the user would type it.
        colour: Whether to colour it.
        width: How many columns there are.
    """
    paint = Paint(colour)
    lines: list[str] = []
    theme = ""
    for point in checklist.points:
        if point.theme != theme:
            theme = point.theme
            lines.append(paint(theme, "bold"))
        lines += _point(point, paint, width)
    lines += ["", *(part for limit in checklist.limits for part in wrapped(for_line(limit), width, indent="  "))]
    if folder:
        lines.append(f"Evidence: {for_line(folder)}")
    outcome = checklist.outcome
    lines.append(f"{paint(outcome.value, 'bold', _COLOURS[outcome.value])}  {headline(checklist)}")
    text = "\n".join(lines)
    return text if colour else for_terminal(text)


def _point(point: CheckedPoint, paint: Paint, width: int) -> Iterator[str]:
    yield f"  {paint(f'{point.word:<{_WORD}}', _COLOURS[point.word])}  {point.id}  {point.title}"
    indent = " " * (_WORD + 8)
    yield from wrapped(for_line(point.why), width, indent=indent)
    if point.outcome in (None, Outcome.PASS):
        return
    yield from (f"{indent}{for_line(each)}" for each in point.evidence)
    if point.outcome is Outcome.FAIL:
        yield from wrapped(f"Fix: {point.remedy}", width, indent=indent)
