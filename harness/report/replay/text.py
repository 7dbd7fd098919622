"""The report of a strict replay as text: each finding with old, new and source line, then the histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from harness.records.replay_result import NondeterministicCall, ReplayedHistory, ReplayFinding, ReplayResult
from harness.records.verdict import Outcome
from harness.report.clean import for_terminal
from harness.report.phrases import number

Again = Callable[[ReplayFinding], str]

_MOST_FILES = 3
_MOST_ROWS = 20
_MOST_CAUSES = 3
_WHY = {
    "open": "still open in the recording",
    "failed": "failed in the recording",
    "timed out": "timed out in the recording",
    "not asked": "the replay ended before",
    "blocked": "it took too long to answer",
    "newly patched": "it takes a new patch",
}


def replayed_text(replayed: ReplayResult, *, again: Again | None = None) -> str:
    """Return the report, ready for a terminal or a log.

    Args:
        replayed: What the histories came to.
        again: Returns the command that shows a finding again, where there is one.
    """
    lines: list[str] = []
    for finding in replayed.findings:
        lines += [*_finding(finding, again), ""]
    for reason, files in _unknown(replayed.histories).items():
        lines += [f"  UNKNOWN  {reason}", f"    In {_files(files)}", ""]
    lines += _table(replayed.histories)
    lines += [*_remarks(replayed), "", _summary(replayed)]
    return for_terminal("\n".join(lines))


def _unknown(histories: Sequence[ReplayedHistory]) -> dict[str, list[str]]:
    """Return why histories are UNKNOWN, with those that are so for the same reason."""
    found: dict[str, list[str]] = {}
    for history in histories:
        if history.outcome is Outcome.UNKNOWN:
            found.setdefault(history.reason, []).append(history.file)
    return found


def _finding(finding: ReplayFinding, again: Again | None) -> Iterator[str]:
    word = "accepted" if finding.accepted else "FAIL"
    yield finding.workflow or "workflow"
    yield f"  {word}  {finding.check}"
    yield f"    {finding.message}"
    if finding.line:
        yield f"      {finding.line}"
    difference = finding.difference
    if difference and difference.event_id not in (0, difference.workflow_task):
        yield f"      event {difference.event_id}, in the workflow task of event {difference.workflow_task}"
    elif difference:
        yield f"      in the workflow task of event {difference.workflow_task}"
    if finding.conditions:
        yield f"      seen under: {', '.join(finding.conditions)}"
    yield from _causes(finding.causes)
    if finding.accepted:
        yield f"      accepted: {finding.accepted}"
    yield f"    In {_files(finding.histories)}"
    if again and not finding.accepted and finding.histories:
        yield f"    Reproduce with:  {again(finding)}"


def _causes(causes: Sequence[NondeterministicCall]) -> Iterator[str]:
    for witness in causes[:_MOST_CAUSES]:
        yield f"      calls {witness.function}: {' -> '.join(witness.stack)}"
    if len(causes) > _MOST_CAUSES:
        yield f"      … and {number(len(causes) - _MOST_CAUSES, 'other non-deterministic call')}"


def _files(files: Sequence[str]) -> str:
    told = ", ".join(files[:_MOST_FILES])
    rest = len(files) - _MOST_FILES
    return f"{told} and {number(rest, 'other history', 'other histories')}" if rest > 0 else told


def _table(histories: Sequence[ReplayedHistory]) -> Iterator[str]:
    """Yield a row for each history; of many, for those that did not pass."""
    many = len(histories) > _MOST_ROWS
    rows = [each for each in histories if not many or each.outcome is not Outcome.PASS][: 5 * _MOST_ROWS]
    if rows:
        width = max([len("history"), *(len(each.file) for each in rows)])
        kinds = max([len("workflow"), *(len(each.workflow) for each in rows)])
        yield f"{'history':<{width}}  {'workflow':<{kinds}}  {'outcome':<8}{'events':>7}{'tasks':>7}{'commands':>10}"
    for each in rows:
        yield (
            f"{each.file:<{width}}  {each.workflow:<{kinds}}  {each.outcome:<8}{each.events:>7}{each.tasks:>7}"
            f"{each.commands:>10}"
        )
    if many:
        passed = sum(1 for each in histories if each.outcome is Outcome.PASS)
        if passed:
            yield f"{number(passed, 'history', 'histories')} passed and {'is' if passed == 1 else 'are'} not listed"


def _remarks(replayed: ReplayResult) -> Iterator[str]:
    notes = [f"{each.file}: {each.note}" for each in replayed.histories if each.note]
    left_out = Counter(each.why for history in replayed.histories for each in history.left_out)
    unseen = sum(history.unseen for history in replayed.histories)
    told = [f"{number(count, 'workflow task')} not compared: {_WHY.get(why, why)}" for why, count in left_out.items()]
    if unseen:
        told.append(f"{number(unseen, 'value')} not compared: encrypted, or kept by the replay")
    told += [*notes[:_MOST_FILES], *replayed.unusable, *replayed.stale]
    if len(notes) > _MOST_FILES:
        told.append(f"{len(notes) - _MOST_FILES} other histories have no workflow id kept with them")
    yield from ["", *(f"  - {each}" for each in told)] if told else []


def _summary(replayed: ReplayResult) -> str:
    histories = replayed.histories
    commands = sum(each.commands for each in histories)
    tasks, prefixes = (sum(getattr(each, name) for each in histories) for name in ("tasks", "prefixes"))
    findings = sum(1 for each in replayed.findings if not each.accepted)
    told = f"{replayed.outcome}: {number(len(histories), 'history', 'histories')} replayed against {replayed.against}, "
    told += f"{number(commands, 'command')} of {number(tasks, 'workflow task')} compared"
    told += f", {number(prefixes, 'prefix', 'prefixes')}" if prefixes else ""
    told += f", {number(len(replayed.conditions), 'condition')}, {number(findings, 'finding')}"
    return f"{told} ({replayed.seconds:.1f} s)"
