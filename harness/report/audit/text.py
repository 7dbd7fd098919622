"""The report of an audit as text: findings by file with code frames and paths, what is open, one line that sums up."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.foreign import for_line
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace, RuleText
from harness.records.verdict import Outcome, Severity
from harness.report.audit.source import finding_of, headline
from harness.report.finding import ReportedFinding
from harness.report.frames import Lines, frame
from harness.report.phrases import number, place_text
from harness.report.text import Paint, wrapped

STYLES: dict[Certainty | None, str] = {
    None: "red",
    Certainty.CERTAIN: "red",
    Certainty.LIKELY: "yellow",
    Certainty.LOOK: "cyan",
}

_OUTCOMES = {Outcome.PASS: "green", Outcome.UNKNOWN: "yellow", Outcome.FAIL: "red"}
_MOST_NOTES = 10


def audit_text(
    audited: AuditResult,
    *,
    rules: Iterable[RuleText],
    lines: Lines,
    colour: bool = False,
    width: int = 100,
    unresolved: bool = False,
) -> str:
    """Return the report, ready for a terminal or a log.

    Args:
        audited: What the audit tells.
        rules: The catalogue of rules.
        lines: Returns the lines of a file.
        colour: Whether to colour it.
        width: How many columns there are.
        unresolved: Whether to list the calls that could not be followed.
    """
    paint = Paint(colour)
    catalogue = {rule.id: rule for rule in rules}
    shown: list[str] = []
    reported = [finding_of(each, catalogue) for each in audited.findings]
    for file, findings in itertools.groupby(reported, key=lambda finding: finding.file):
        shown += [paint(for_line(file), "bold"), ""]
        before: CodePlace | None = None
        for finding in findings:
            head = _head(finding, paint, width)
            again = before is not None and finding.place is not None and before.line == finding.place.line
            code = list(_code(finding, lines, paint, width, again=again))
            shown += [*head, *([""] if code else []), *code, *_more(finding, paint), ""]
            before = finding.place
    shown += _rules(audited.findings, catalogue, paint, width)
    shown += _missed(audited, paint, width)
    if unresolved:
        shown += _unresolved(audited, paint)
    shown += _notes(audited, width, unresolved=unresolved)
    return "\n".join([*shown, _summary(audited, paint)])


def _head(finding: ReportedFinding, paint: Paint, width: int) -> Iterator[str]:
    certainty = paint(finding.certainty or "", STYLES[finding.certainty], "bold")
    name = finding.check if finding.check != finding.rule else ""
    name += f" ({finding.severity})" if finding.severity not in (None, Severity.BROKEN) else ""
    yield f"  {for_line(_where(finding))}  {certainty}  {paint(finding.rule, 'bold')} {name}".rstrip()
    yield from _wrapped(finding.message, width, "    ")


def _where(finding: ReportedFinding) -> str:
    place = finding.place
    if place is None:
        return finding.file
    # In a history, an event is meant and no line.
    return f"{place.file}: {place.what}" if place.what else place_text(place)


def _code(finding: ReportedFinding, lines: Lines, paint: Paint, width: int, *, again: bool) -> Iterator[str]:
    """Yield the frame, without the neighbours of the line if these were shown with the finding before."""
    if finding.place is None or finding.place.what:
        return
    style = STYLES[finding.certainty]
    framed = frame(finding.place, lines, paint=paint, style=style, width=width - 12, neighbours=not again)
    yield from (f"    {line}" for line in framed)


def _more(finding: ReportedFinding, paint: Paint) -> Iterator[str]:
    if finding.path or finding.evidence or finding.confirmed:
        yield ""
    if finding.path:
        yield f"    {paint(_how(finding), 'bold')}"
        yield from (f"      {_step(step)}" for step in finding.path)
    for title, entries in (("Shown by:", finding.evidence), ("Confirmed at run time:", finding.confirmed)):
        if entries:
            yield f"    {paint(title, 'green' if entries is finding.confirmed else 'bold')}"
            yield from (f"      {for_line(str(entry))}" for entry in entries)


def _how(finding: ReportedFinding) -> str:
    return f"How {for_line(finding.scenario) or 'workflow code'} gets there:"


def _step(step: CodePlace) -> str:
    inside = f"{for_line(step.function)} " if step.function else ""
    return f"{for_line(step.file)}:{step.line}  {inside}{for_line(step.what or 'leads on')}"


def _rules(findings: Sequence[AuditFinding], catalogue: dict[str, RuleText], paint: Paint, width: int) -> Iterator[str]:
    """Yield for each rule that is broken what it wants and what to write instead."""
    counted = Counter(finding.rule for finding in findings)
    known = [rule for rule in sorted(counted) if rule in catalogue]
    if not known:
        return
    yield paint("What is broken, and what to write instead", "bold")
    yield ""
    for rule in known:
        text = catalogue[rule]
        yield f"  {paint(rule, 'bold')}  {number(counted[rule], 'time')}  {text.title.rstrip('.')}"
        yield from _wrapped(text.fix, width, "         ")
    yield f"  Explain with:  crashproof audit --explain {known[0]}"
    yield ""


def _missed(audited: AuditResult, paint: Paint, width: int) -> Iterator[str]:
    if not audited.missed:
        return
    yield paint("What the run showed, and no finding tells", "bold")
    yield ""
    for each in audited.missed:
        expected = f"  ({each.rule} was to find it)" if each.rule else ""
        yield f"  {paint(each.check, 'yellow', 'bold')}  {for_line(each.subject)}{expected}".rstrip()
        yield from _wrapped(each.message, width, "    ")
        yield from (f"    {for_line(line)}" for line in (each.line, each.source) if line)
    yield ""


def _unresolved(audited: AuditResult, paint: Paint) -> Iterator[str]:
    yield paint("Calls that could not be followed", "bold")
    yield ""
    for each in audited.unresolved:
        place = f"{each.place.file}:{each.place.line}:{each.place.column}"
        yield for_line(f"  {place}  {each.name}: {each.why}")
    if not audited.unresolved:
        yield "  none"
    yield ""


def _notes(audited: AuditResult, width: int, *, unresolved: bool) -> Iterator[str]:
    """Yield what limits the result, one kind of thing after the other, and of each kind not more than can be read."""
    kinds = [
        [f"{each.file}: not audited: {each.reason}" for each in audited.files if each.reason],
        [
            f"{each.rule or 'the rules'} could not be judged for {', '.join(each.files)}: {each.message}"
            for each in audited.errors
        ],
        [f"{_at(place)}: the comment {place.what}" for place in audited.bad_ignores],
        [f"{_at(place)}: the comment {place.what}: remove it" for place in audited.unused_ignores],
        [f"stale in the baseline, nothing matches it any more: {entry}" for entry in audited.stale],
        [f"{number(audited.below, 'finding')} less sure than asked for"] if audited.below else [],
    ]
    if audited.unresolved and not unresolved:
        kinds.append([f"{number(len(audited.unresolved), 'call')} could not be followed: --unresolved lists them"])
    lines = [line for kind in kinds for line in _some(kind)]
    for line in lines:
        yield from _wrapped(line, width, "    ", "  - ")
    if lines:
        yield ""


def _some(notes: Sequence[str]) -> list[str]:
    rest = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], f"… and {rest} more of these"] if rest > 1 else list(notes)


def _at(place: CodePlace) -> str:
    return f"{place.file}:{place.line}"


def _wrapped(text: str, width: int, indent: str, first: str | None = None) -> list[str]:
    return wrapped(for_line(text), width, indent=indent, first=first)


def _summary(audited: AuditResult, paint: Paint) -> str:
    outcome = paint(audited.outcome, _OUTCOMES[audited.outcome], "bold")
    why = f"{', '.join(audited.unknown)}; " if audited.outcome is Outcome.UNKNOWN else ""
    return f"{outcome}: {why}{headline(audited)}"
