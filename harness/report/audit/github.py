"""The report of an audit as workflow commands of GitHub Actions: annotations at the lines of a pull request.

GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest without a word; the rest is counted
in a notice here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from harness.records.audit_result import AuditFinding, AuditResult, RuleText, Severity
from harness.records.verdict import Outcome
from harness.report.audit.text import summary
from harness.report.clean import for_terminal

MOST = 10
"""Annotations of each level that GitHub shows for one step."""

_LEVELS = {Severity.CERTAIN: "error", Severity.LIKELY: "warning", Severity.LOOK: "notice"}


def audit_github(audited: AuditResult, *, rules: Iterable[RuleText], folder: str = "") -> str:
    """Return the annotations, one a line: the errors first.

    Args:
        audited: What the audit tells.
        rules: The catalogue of rules.
        folder: Where the audit was run, from the top of the repository on: GitHub wants paths from there.
    """
    names = {rule.id: rule.name for rule in rules}
    told: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    if audited.outcome is Outcome.UNKNOWN:
        told["error"] += [_command("error", {"title": "crashproof audit"}, line) for line in audited.unknown]
    for finding in audited.findings:
        level = _LEVELS[finding.severity]
        told[level].append(_annotation(level, finding, names.get(finding.rule, ""), folder))
    for report in audited.unread:
        named = {"file": _from_top(report.file, folder), "title": "not audited"}
        told["warning"].append(_command("warning", named, report.reason))
    for each in audited.missed:
        title = {"title": f"{each.check}, which no finding tells"}
        told["warning"].append(_command("warning", title, f"{each.message} ({each.source})"))
    for place in (*audited.bad_ignores, *audited.unused_ignores):
        named = {"file": _from_top(place.file, folder), "line": str(place.line), "title": "crashproof: ignore"}
        told["notice"].append(_command("notice", named, f"The comment {place.what}."))
    return "\n".join([*_limited(told), summary(audited)])


def _limited(told: dict[str, list[str]]) -> Iterator[str]:
    """Yield what GitHub shows; the last notice counts the rest, where there is one."""
    rest = {level: len(lines) - MOST for level, lines in told.items() if len(lines) > MOST}
    notices = told["notice"]
    if rest:
        kept = notices[: MOST - 1]
        rest["notice"] = len(notices) - len(kept)
        counted = ", ".join(f"{count} {level}{'s' * (count != 1)}" for level, count in rest.items() if count)
        line = f"{counted} more: see the log, or upload SARIF (crashproof audit --report sarif)"
        notices = [*kept, _command("notice", {"title": "crashproof audit"}, line)]
    yield from (*told["error"][:MOST], *told["warning"][:MOST], *notices)


def _annotation(level: str, finding: AuditFinding, name: str, folder: str) -> str:
    place = finding.place
    named = {"file": _from_top(place.file, folder), "line": str(place.line)}
    if place.end_line > place.line:
        named["endLine"] = str(place.end_line)
    elif place.end_column > place.column:
        named |= {"endLine": str(place.line), "col": str(place.column), "endColumn": str(place.end_column)}
    named["title"] = f"{finding.rule} {name} ({finding.severity})"
    steps = [f"{step.file}:{step.line} {step.what}" for step in finding.path]
    path = [f"Workflow {finding.workflow or 'code'} gets there by:", *steps] if steps else []
    return _command(level, named, "\n".join([finding.message, *path, *finding.evidence, *finding.confirmed]))


def _from_top(file: str, folder: str) -> str:
    return (PurePath(folder) / file).as_posix()


def _command(level: str, named: dict[str, str], message: str) -> str:
    told = ",".join(
        f"{name}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for name, value in named.items()
    )
    return f"::{level} {told}::{_escaped(for_terminal(message))}"


def _escaped(text: str) -> str:
    return text.encode(errors="replace").decode().replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
