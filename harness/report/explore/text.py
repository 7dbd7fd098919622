"""The report of explorations as text: each finding as a story, then a row for each scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.foreign import for_terminal
from harness.records.explore_result import Explorations, ExploreFinding, ExploreResult
from harness.records.verdict import Outcome
from harness.report.explore.source import confirmation_of, headline, limits_of, reported
from harness.report.phrases import place_text
from harness.report.text import Column, finding_block, named_column, table


def explore_text(explored: Explorations) -> str:
    """Return the report, ready for a terminal or a log."""
    lines: list[str] = []
    for finding in (each for result in explored.results for each in result.findings):
        lines += [*_block(finding, explored.folder), ""]
    for result in explored.results:
        if result.outcome is Outcome.UNKNOWN and limits_of(result):
            verdicts = [("UNKNOWN", text) for text in limits_of(result)]
            lines += [*finding_block(title=result.scenario, verdicts=verdicts), ""]
    lines += _rows(explored.results)
    lines += [f"{each.scenario}: {note}" for each in explored.results for note in each.notes]
    if explored.folder:
        lines.append(f"Evidence: {explored.folder}")
    return for_terminal("\n".join([*lines, "", f"{explored.outcome}: {headline(explored)}"]))


def _block(finding: ExploreFinding, folder: str) -> Iterator[str]:
    row = reported(finding, folder=folder)
    story = list(finding.story)
    if finding.compared:
        story += ["compared with:", *finding.compared]
    return finding_block(
        title=finding.scenario,
        verdicts=[("FAIL", finding.check)],
        message=finding.message,
        shown=[*([place_text(row.place)] if row.place else []), *story],
        notes=[*row.remarks, *_notes(finding)],
        reproduce=row.reproduce,
    )


def _notes(finding: ExploreFinding) -> Iterator[str]:
    if finding.history:
        yield f"History: {finding.history}"
    if finding.on_server and finding.on_server.history:
        yield f"History on the server: {finding.on_server.history}"
    if said := confirmation_of(finding):
        yield said


def _rows(results: Sequence[ExploreResult]) -> Iterator[str]:
    columns = [
        named_column("scenario", (each.scenario for each in results)),
        Column("outcome", 9, left=True),
        *(Column(title, 8) for title in ("states", "merged", "paths", "left", "cold", "warm")),
        Column("seconds", 9),
    ]
    rows = [
        (
            each.scenario,
            each.outcome,
            each.states,
            each.merged,
            each.paths,
            each.left,
            each.cold,
            each.warm,
            f"{each.seconds:.1f}",
        )
        for each in results
    ]
    yield from table(columns, rows)
