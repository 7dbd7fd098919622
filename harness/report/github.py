"""The report as workflow commands of GitHub Actions: annotations at the lines of a pull request.

GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest without a word; the rest is counted
in a notice here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from harness.foreign import for_terminal
from harness.report.finding import Limit, Report, ReportedFinding
from harness.report.phrases import plan_text, step_text

MOST = 10
"""Annotations of each level that GitHub shows for one step."""

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def github(report: Report, *, folder: str = "") -> str:
    """Return the annotations, one a line: the errors first.

    Args:
        report: The report.
        folder: Where the command was run, from the top of the repository on: GitHub wants paths from there.
    """
    lines: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    names = {rule.id: rule.name for rule in report.rules}
    limits = [(limit.annotation.level, _limit(limit, folder)) for limit in report.limits if limit.annotation]
    findings = [
        (_LEVELS[finding.level], _finding(finding, names.get(finding.rule, ""), folder)) for finding in report.counted
    ]
    # What makes the whole unknown comes before its findings, and what limits it less comes after them.
    errors = [each for each in limits if each[0] == "error"]
    for level, line in (*errors, *findings, *(each for each in limits if each[0] != "error")):
        lines[level].append(line)
    return "\n".join([*_limited(lines, report.kind), for_terminal(report.headline)])


def _limited(lines: dict[str, list[str]], kind: str) -> Iterator[str]:
    """Yield what GitHub shows; the last notice counts the rest, where there is one."""
    rest = {level: len(of_level) - MOST for level, of_level in lines.items() if len(of_level) > MOST}
    notices = lines["notice"]
    if rest:
        kept = notices[: MOST - 1]
        rest["notice"] = len(notices) - len(kept)
        counted = ", ".join(f"{count} {level}{'s' * (count != 1)}" for level, count in rest.items() if count)
        line = f"{counted} more: see the log, or upload SARIF ({_SARIF[kind]})"
        notices = [*kept, _command("notice", {"title": f"crashproof {kind}"}, line)]
    yield from (*lines["error"][:MOST], *lines["warning"][:MOST], *notices)


_SARIF = {
    "run": "report.sarif in the evidence folder",
    "explore": "report.sarif in the evidence folder",
    "replay": "crashproof replay --report sarif",
    "audit": "crashproof audit --report sarif",
}


def _limit(limit: Limit, folder: str) -> str:
    assert limit.annotation is not None
    named = {}
    if file := limit.place.file if limit.place else limit.file:
        named["file"] = _from_top(file, folder)
    if limit.place:
        named["line"] = str(limit.place.line)
    return _command(limit.annotation.level, named | {"title": limit.annotation.title}, limit.annotation.text)


def _finding(finding: ReportedFinding, name: str, folder: str) -> str:
    named = _place(finding, folder)
    grade = f"({finding.grade})" if finding.grade else ""
    named["title"] = " ".join(word for word in (finding.rule_id, name, grade) if word or finding.certainty)
    steps = [step_text(step) for step in finding.path]
    path = [f"Workflow {finding.scenario or 'code'} gets there by:", *steps] if steps else []
    plan = [plan_text(finding.plan)] if finding.plan else []
    shown = [
        *(finding.message, *plan, *path, *map(str, finding.evidence)),
        *(*map(str, finding.confirmed), *finding.remarks),
    ]
    return _command(_LEVELS[finding.level], named, "\n".join(shown))


def _place(finding: ReportedFinding, folder: str) -> dict[str, str]:
    place = finding.place
    if place is None:
        line = {"line": str(finding.line)} if finding.line else {}
        return {"file": _from_top(finding.file, folder), **line} if finding.file else {}
    named = {"file": _from_top(place.file, folder), "line": str(place.line)}
    if place.end_line > place.line:
        named["endLine"] = str(place.end_line)
    elif place.end_column > place.column:
        named |= {"endLine": str(place.line), "col": str(place.column), "endColumn": str(place.end_column)}
    return named


def _from_top(file: str, folder: str) -> str:
    return (PurePath(folder) / file).as_posix()


def _command(level: str, named: dict[str, str], message: str) -> str:
    properties = ",".join(
        f"{name}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for name, value in named.items()
    )
    return f"::{level} {properties}::{_escaped(for_terminal(message))}"


def _escaped(text: str) -> str:
    return text.encode(errors="replace").decode().replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
