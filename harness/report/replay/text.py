"""The report of a strict replay as text: each finding with old, new and source line, then the histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.foreign import for_terminal
from harness.records.replay_result import NondeterministicCall, ReplayedHistory, ReplayResult
from harness.records.verdict import Outcome
from harness.report.finding import ReportedFinding
from harness.report.phrases import number, place_text
from harness.report.replay.source import Reproduce, headline, reported
from harness.report.text import Column, finding_block, named_column, table

_MOST_FILES = 3
_MOST_ROWS = 20
_MOST_CAUSES = 3
_MOST_CALLERS = 4
_WHY = {
    "open": "still open in the recording",
    "failed": "failed in the recording",
    "timed out": "timed out in the recording",
    "not asked": "the replay ended before",
    "blocked": "it took too long to answer",
    "newly patched": "it takes a new patch",
    "newer rules": "the worker's SDK decides it by newer rules where it does not replay",
}


def replay_text(replayed: ReplayResult, *, reproduce: Reproduce = lambda finding: "") -> str:
    """Return the report, ready for a terminal or a log.

    Args:
        replayed: What the histories came to.
        reproduce: Returns the command that shows a finding again; by default none is shown.
    """
    lines: list[str] = []
    for finding in replayed.findings:
        lines += [*_block(reported(finding, reproduce)), ""]
    for reason, files in _unknown(replayed.histories).items():
        lines += [*finding_block(title="", verdicts=[("UNKNOWN", reason)], notes=[f"In {_files(files)}"]), ""]
    lines += _table(replayed.histories)
    last = f"{replayed.outcome}: {headline(replayed)}"
    return for_terminal("\n".join([*lines, *_remarks(replayed), "", last]))


def _unknown(histories: Sequence[ReplayedHistory]) -> dict[str, list[str]]:
    """Return why histories are UNKNOWN, with those that are so for the same reason."""
    reasons: dict[str, list[str]] = {}
    for history in histories:
        if history.outcome is Outcome.UNKNOWN:
            reasons.setdefault(history.reason, []).append(history.file)
    return reasons


def _block(finding: ReportedFinding) -> Iterator[str]:
    return finding_block(
        title=finding.scenario or "workflow",
        verdicts=[("accepted" if finding.suppression else "FAIL", finding.check)],
        message=finding.message,
        shown=_shown(finding),
        notes=[f"In {_files(finding.files)}"],
        reproduce="" if finding.suppression or not finding.files else finding.reproduce,
    )


def _shown(finding: ReportedFinding) -> Iterator[str]:
    """Yield what shows a finding: its line and event, the conditions, the calls beside it."""
    if finding.place:
        yield place_text(finding.place)
    if finding.path:
        yield f"called from {' -> '.join(map(place_text, finding.path[-_MOST_CALLERS:]))}"
    difference = finding.difference
    if difference and difference.event_id not in (0, difference.workflow_task):
        yield f"event {difference.event_id}, in the workflow task of event {difference.workflow_task}"
    elif difference:
        yield f"in the workflow task of event {difference.workflow_task}"
    yield from filter(None, [finding.tolerance])
    if finding.conditions:
        yield f"seen under: {', '.join(finding.conditions)}"
    yield from _causes(finding.causes)
    if finding.suppression:
        yield f"accepted: {finding.suppression.reason}"


def _causes(causes: Sequence[NondeterministicCall]) -> Iterator[str]:
    for call in causes[:_MOST_CAUSES]:
        yield f"calls {call.function}: {' -> '.join(call.stack)}"
    if len(causes) > _MOST_CAUSES:
        yield f"… and {number(len(causes) - _MOST_CAUSES, 'other non-deterministic call')}"


def _files(files: Sequence[str]) -> str:
    named = ", ".join(files[:_MOST_FILES])
    rest = len(files) - _MOST_FILES
    return f"{named} and {number(rest, 'other history', 'other histories')}" if rest > 0 else named


def _table(histories: Sequence[ReplayedHistory]) -> Iterator[str]:
    """Yield a row for each history; of many, for those that did not pass."""
    many = len(histories) > _MOST_ROWS
    rows = [each for each in histories if not many or each.outcome is not Outcome.PASS][: 5 * _MOST_ROWS]
    if rows:
        columns = [
            named_column("history", (each.file for each in rows)),
            named_column("workflow", (each.workflow for each in rows)),
            *(Column("outcome", 8, left=True), Column("events", 7), Column("tasks", 7), Column("commands", 10)),
        ]
        yield from table(
            columns,
            [(each.file, each.workflow, each.outcome, each.events, each.tasks, each.commands) for each in rows],
        )
    if many:
        passed = sum(1 for each in histories if each.outcome is Outcome.PASS)
        if passed:
            yield f"{number(passed, 'history', 'histories')} passed and {'is' if passed == 1 else 'are'} not listed"


def _remarks(replayed: ReplayResult) -> Iterator[str]:
    notes = [f"{each.file}: {each.note}" for each in replayed.histories if each.note]
    left_out = Counter(each.why for history in replayed.histories for each in history.left_out)
    unseen = sum(history.unseen for history in replayed.histories)
    lines = [f"{number(count, 'workflow task')} not compared: {_WHY.get(why, why)}" for why, count in left_out.items()]
    if unseen:
        lines.append(f"{number(unseen, 'value')} not compared: encrypted, or kept by the replay")
    lines += [*notes[:_MOST_FILES], *replayed.unusable, *replayed.stale]
    if len(notes) > _MOST_FILES:
        lines.append(f"{len(notes) - _MOST_FILES} other histories have no workflow id kept with them")
    yield from ["", *(f"  - {each}" for each in lines)] if lines else []
