"""The baseline file: findings that are known and not to be told again, by fingerprint, in a form to be reviewed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.errors import UsageError, nearest
from harness.records.audit_result import AuditFinding, AuditResult
from harness.records.toml_entries import entry_text, read_entries, write_entries

FILE = Path("crashproof-baseline.toml")
"""Where it is written, if nothing else is said."""

_TABLE = "finding"
_CALLED = "the baseline"
_HEAD = """\
# Findings of `crashproof audit` that are known. They are not told again, and new ones fail the audit.
# Written by --write-baseline, which keeps reasons; paths begin in the folder of this file.
"""


@dataclass(frozen=True, kw_only=True)
class KnownFinding:
    """One finding that the baseline file lists as known, so that it does not fail the audit again.

    Attributes:
        fingerprint: The finding's.
        rule: Id of the rule.
        file: Where it is.
        function: In which function.
        text: The line, without the spaces around it.
        reason: Why it may stay, as its owner wrote it.
    """

    fingerprint: str
    rule: str
    file: str
    function: str = ""
    text: str = ""
    reason: str = ""

    def __str__(self) -> str:
        where = f"{self.file} in {self.function}" if self.function else self.file
        return f"{self.rule} {where}: {self.text}" if self.text else f"{self.rule} {where}"


def load(file: Path) -> tuple[KnownFinding, ...]:
    """Return what a baseline file knows.

    Raises:
        UsageError: It is missing, no TOML, or has an entry with a key missing, unknown or of another type.
    """
    entries = read_entries(file, table=_TABLE, called=_CALLED)
    return tuple(_entry(entry, where) for entry, where in entries)


def _entry(entry: dict[str, Any], where: str) -> KnownFinding:
    known = [each.name for each in fields(KnownFinding)]
    for name, value in entry.items():
        if name not in known:
            raise UsageError(f"{where}: there is no key {name!r}{nearest(name, known)}")
        if not isinstance(value, str):
            raise UsageError(f"{where}: {name} must be text")
    if missing := next((name for name in ("fingerprint", "rule", "file") if not entry.get(name)), ""):
        raise UsageError(f"{where}: {missing} is missing")
    return KnownFinding(**entry)


def save(file: Path, known: Iterable[KnownFinding]) -> None:
    """Write what is known, sorted, each finding a table.

    Raises:
        UsageError: The file cannot be written.
    """
    ordered = sorted(known, key=lambda each: (each.file, each.rule, each.function, each.text, each.fingerprint))
    write_entries(file, (entry_text(each, table=_TABLE) for each in ordered), head=_HEAD, called=_CALLED)


def known_of(
    findings: Iterable[AuditFinding], *, folder: Path, before: Sequence[KnownFinding] = ()
) -> tuple[KnownFinding, ...]:
    """Return what a baseline of these findings knows.

    Args:
        findings: The findings.
        folder: Where the baseline file lies: its paths begin there, wherever the audit is run.
        before: What it knew before; reasons given there are kept.
    """
    reasons = {each.fingerprint: each.reason for each in before}
    return tuple(
        KnownFinding(
            fingerprint=finding.fingerprint,
            rule=finding.rule,
            file=finding.place.file,
            function=finding.place.function,
            text=finding.text.strip(),
            reason=reasons.get(finding.fingerprint, ""),
        )
        for finding in (_seen_from(each, folder) for each in findings)
    )


def _seen_from(finding: AuditFinding, folder: Path) -> AuditFinding:
    return replace(finding, place=replace(finding.place, file=_path_from(finding.place.file, folder)))


def _path_from(file: str, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix()


def applied(audited: AuditResult, known: Sequence[KnownFinding], *, folder: Path, asked: Iterable[str]) -> AuditResult:
    """Return the audit with the known findings set apart, and with the entries that are stale.

    Args:
        audited: What was found.
        known: What is known.
        folder: Where the baseline file lies.
        asked: Ids of the rules that were asked: of others nothing can be told.
    """
    every = (*audited.findings, *(finding for finding, _ in audited.suppressed))
    prints = {finding: _seen_from(finding, folder).fingerprint for finding in every}
    names = {each.fingerprint for each in known}
    out = out_of_sight(known, audited, folder=folder, asked=asked)
    return replace(
        audited,
        findings=tuple(each for each in audited.findings if prints[each] not in names),
        baselined=tuple(each for each in audited.findings if prints[each] in names),
        stale=tuple(str(each) for each in known if each.fingerprint not in prints.values() and each not in out),
    )


def out_of_sight(
    known: Iterable[KnownFinding], audited: AuditResult, *, folder: Path, asked: Iterable[str]
) -> tuple[KnownFinding, ...]:
    """Return what is known of files and rules that this audit did not look at: a new baseline keeps it."""
    read, rules = {_path_from(report.file, folder) for report in audited.files}, set(asked)
    return tuple(
        each for each in known if each.rule not in rules or (each.file not in read and (folder / each.file).exists())
    )
