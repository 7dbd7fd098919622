"""Judging one part of the code: build its project, ask every rule, and tell what that depended on."""

from __future__ import annotations

import gc
import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.audit.code.modules import ModuleFinder
from harness.audit.code.project import Project
from harness.audit.code.reachability import AuditLimits
from harness.audit.code.source import SourceFile
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, RuleError, Unresolved


@dataclass(frozen=True, kw_only=True)
class PartResult:
    """What the rules found in one part of the audited code, and which installed files that depends on.

    Attributes:
        findings: As the rules yielded them.
        unresolved: The calls that could not be followed.
        errors: Rules that raised.
        workflows: How many workflows it holds.
        activities: How many activities it holds.
        installed: The files of installed packages that were read: path, size in bytes, time of change in ns.
    """

    findings: tuple[AuditFinding, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    errors: tuple[RuleError, ...] = ()
    workflows: int = 0
    activities: int = 0
    installed: tuple[tuple[str, int, int], ...] = ()


def judge(
    sources: Sequence[SourceFile],
    rules: Iterable[Rule],
    *,
    files: Iterable[Path],
    installed: Iterable[Path],
    limits: AuditLimits,
) -> PartResult:
    """Return what the rules find in these files.

    Args:
        sources: The files of the part.
        rules: The rules to ask.
        files: All files that were asked to be audited: they tell where imports may start from.
        installed: The folders of installed packages.
        limits: How far to go.
    """
    shown = tuple(source.file for source in sources[:3])
    with _no_collection():
        try:
            project = Project(sources, finder=ModuleFinder(files, installed=installed), limits=limits)
            project.reached()
        except Exception as error:
            return PartResult(errors=(RuleError(rule="", message=_described(error), files=shown),))
        findings: list[AuditFinding] = []
        errors: list[RuleError] = []
        for rule in rules:
            try:
                findings += rule.judge(project)
            except Exception as error:
                errors.append(RuleError(rule=rule.id, message=_described(error), files=shown))
        return PartResult(
            findings=tuple(findings),
            unresolved=project.unresolved,
            errors=tuple(errors),
            workflows=len(project.workflows),
            activities=len(project.activities),
            installed=tuple(_stamp(path) for path in project.others if project.is_installed(path)),
        )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from walking through the trees again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _described(error: Exception) -> str:
    """Return what was raised and where, in one line."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}{': ' + text if text else ''}{where}"


def _stamp(path: Path) -> tuple[str, int, int]:
    status = os.stat(path)
    return str(path), status.st_size, status.st_mtime_ns


def is_fresh(judged: PartResult) -> bool:
    """Tell whether the installed files that a result depends on are as they were."""
    try:
        return all(_stamp(Path(path)) == (path, size, changed) for path, size, changed in judged.installed)
    except OSError:
        return False
