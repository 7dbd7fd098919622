"""The checklist as Markdown: a page to keep with a release, and to sign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from harness.foreign import for_code_span, for_markdown
from harness.records.checklist import CheckedPoint, Checklist
from harness.records.run_record import RunRecord
from harness.records.verdict import Outcome
from harness.report.readiness.source import headline


def checklist_markdown(checklist: Checklist, *, record: RunRecord | None, folder: str) -> str:
    """Return a checklist as Markdown.

    Args:
        checklist: The checklist.
        record: What was run, with what; None where that is not known.
        folder: The evidence folder, as the user would type it.
    """
    lines = [f"# Production readiness: {checklist.outcome}", "", headline(checklist) + ".", ""]
    lines += _table(checklist)
    open_points = [point for point in checklist.points if point.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
    if open_points:
        lines += ["", "## What is to be done"]
    for point in open_points:
        lines += ["", *_open(point)]
    lines += ["", "## What was measured", "", *_measured(record, folder)]
    lines += [f"- Limit: {for_markdown(limit)}" for limit in checklist.limits]
    return "\n".join([*lines, "", "Signed off by: ______________________  Date: ______________", ""])


def _table(checklist: Checklist) -> Iterator[str]:
    yield "| point | theme | what holds | outcome | why |"
    yield "|---|---|---|---|---|"
    for point in checklist.points:
        cells = (point.id, point.theme, point.title, point.word, point.why)
        yield f"| {' | '.join(for_markdown(cell) for cell in cells)} |"


def _open(point: CheckedPoint) -> Iterator[str]:
    yield f"### {point.id} {for_markdown(point.title)}: {point.word}"
    yield ""
    yield f"{for_markdown(point.promise)}"
    yield ""
    yield f"- Seen: {for_markdown(point.why)}"
    yield from (f"- Evidence: {for_code_span(each)}" for each in point.evidence)
    yield f"- Remedy: {for_markdown(point.remedy)}"
    yield f"- An agent that fails it: {for_code_span(point.planted)}"


def _measured(record: RunRecord | None, folder: str) -> Iterator[str]:
    yield f"- Evidence: {for_code_span(folder)}"
    if record is None:
        return
    yield f"- Command: {for_code_span(' '.join(record.command))}"
    yield f"- When: {datetime.fromtimestamp(record.started, UTC):%Y-%m-%d %H:%M UTC}"
    if record.revision:
        yield f"- Revision: {for_code_span(record.revision)}"
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    yield f"- Versions: {for_markdown(versions)}"
    if record.server:
        yield f"- Server: {for_markdown(record.server.get('version', ''))}"
