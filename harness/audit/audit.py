"""Runs an audit of code: outlines files, divides them into parts, judges each part, and remembers what it found."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.audit.cache import AuditCache
from harness.audit.code.file_outline import FileOutline, outline_of
from harness.audit.code.modules import ModuleFinder, installed_folders
from harness.audit.code.partition import parts_of
from harness.audit.code.reachability import AuditLimits
from harness.audit.code.source import SourceFile, collect
from harness.audit.judging import PartResult, judge
from harness.audit.rule import Rule
from harness.audit.rules import RULES
from harness.audit.workers import AuditWorkers, working
from harness.records.audit_result import AuditFinding, AuditResult, FileReport

WORTH_PROCESSES = 400_000
"""Characters of new text from which on more processes than one are quicker."""

_CHUNK = 32

Progress = Callable[[int, int], None]
"""Called with how many parts are done, and how many there are."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    """All that another process must know to judge a part."""

    sources: tuple[SourceFile, ...]
    rules: tuple[str, ...]
    files: frozenset[Path]
    installed: tuple[Path, ...]
    limits: AuditLimits


def audit(
    paths: Iterable[Path | str],
    *,
    rules: Sequence[Rule] = RULES,
    jobs: int = 0,
    cache: Path | None = None,
    limits: AuditLimits | None = None,
    progress: Progress | None = None,
    exclude: Callable[[Path], bool] | None = None,
) -> AuditResult:
    """Read the Python files below these paths, and return what the rules find in them.

    Nothing of what is read is imported or run. A file that cannot be read or parsed is reported, the rest audited. A
    rule that raises is reported, the others asked. Comments that ignore findings are not heeded here.

    Args:
        paths: Files and folders.
        rules: The rules to ask.
        jobs: How many processes may work; 0 for one on each processor.
        cache: Folder in which results are remembered; None to remember nothing.
        limits: How far to go.
        progress: Told after each part.
        exclude: Tells which files and folders to leave out.

    Raises:
        UsageError: If a path does not exist.
    """
    begun = time.monotonic()
    limits = limits or AuditLimits()
    sources = {source.path: source for source in collect(paths, max_bytes=limits.max_bytes, exclude=exclude)}
    installed = tuple(installed_folders({path.parent for path in sources}))
    memory = AuditCache(cache, rules=rules, limits=limits, installed=installed)
    with working(_processes(jobs, sources.values(), memory, rules)) as workers:
        outlines = _outlines(sources, memory, workers)
        finder = ModuleFinder(sources, installed=installed)
        parts = parts_of(sources, outlines, finder)
        judged = list(_judged(parts, rules, finder, limits, memory, workers, progress))
    memory.close()
    reports = tuple(_report(source, outlines[source.path]) for source in sources.values())
    audited = _audited(judged, reports, sources.values(), seconds=time.monotonic() - begun)
    return replace(audited, rules=len(rules))


def _outlines(
    sources: dict[Path, SourceFile], memory: AuditCache, workers: AuditWorkers | None
) -> dict[Path, FileOutline]:
    known = {path: outline for path, source in sources.items() if (outline := memory.outline(source))}
    missing = [source for path, source in sources.items() if path not in known]
    chunks = [missing[at : at + _CHUNK] for at in range(0, len(missing), _CHUNK)]
    made = workers.ask(_outlines_of, chunks) if workers else enumerate(map(_outlines_of, chunks))
    for number, outlines in made:
        known |= {source.path: outline for source, outline in zip(chunks[number], outlines, strict=True)}
    for path, source in sources.items():
        if not source.reason:
            memory.keep_outline(source, known[path])
    return known


def _outlines_of(sources: Sequence[SourceFile]) -> list[FileOutline]:
    return [outline_of(source) for source in sources]


def _judged(
    parts: Sequence[Sequence[SourceFile]],
    rules: Sequence[Rule],
    finder: ModuleFinder,
    limits: AuditLimits,
    memory: AuditCache,
    workers: AuditWorkers | None,
    progress: Progress | None,
) -> Iterator[PartResult]:
    missing: dict[str, Sequence[SourceFile]] = {}
    done = 0
    for part in parts:
        key = memory.key(part)
        if known := memory.result(key):
            done += 1
            yield known
        else:
            missing[key] = part
    for key, judged in _new(missing, rules, finder, limits, workers):
        memory.keep_result(key, judged)
        done += 1
        if progress:
            progress(done, len(parts))
        yield judged


def _new(
    parts: dict[str, Sequence[SourceFile]],
    rules: Sequence[Rule],
    finder: ModuleFinder,
    limits: AuditLimits,
    workers: AuditWorkers | None,
) -> Iterator[tuple[str, PartResult]]:
    if workers is None:
        for key, part in parts.items():
            yield key, judge(part, rules, files=finder.files, installed=finder.installed, limits=limits)
        return
    ids = tuple(rule.id for rule in rules)
    keys = sorted(parts, key=lambda key: -sum(len(source.text) for source in parts[key]))
    tasks = [
        _Task(sources=tuple(parts[key]), rules=ids, files=finder.files, installed=finder.installed, limits=limits)
        for key in keys
    ]
    for number, judged in workers.ask(_work, tasks):
        yield keys[number], judged


def _work(task: _Task) -> PartResult:
    rules = [rule for rule in RULES if rule.id in task.rules]
    return judge(task.sources, rules, files=task.files, installed=task.installed, limits=task.limits)


def _processes(jobs: int, sources: Iterable[SourceFile], memory: AuditCache, rules: Sequence[Rule]) -> int:
    """Return how many processes are worth their start: other ones know the rules of the catalogue only."""
    new = sum(len(source.text) for source in sources if memory.outline(source) is None)
    if new < WORTH_PROCESSES or any(rule not in RULES for rule in rules):
        return 1
    return jobs or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _report(source: SourceFile, outline: FileOutline) -> FileReport:
    lines = source.text.count("\n")
    return FileReport(file=source.file, reason=outline.reason, lines=lines, elsewhere=source.elsewhere)


def _audited(
    results: Sequence[PartResult], reports: tuple[FileReport, ...], sources: Iterable[SourceFile], *, seconds: float
) -> AuditResult:
    lines = {source.file: source.text.split("\n") for source in sources}
    findings = sorted({_key(each): each for judged in results for each in judged.findings}.values(), key=_key)
    unresolved = {each.place: each for judged in results for each in judged.unresolved}
    return AuditResult(
        findings=tuple(_numbered(findings, lines)),
        files=reports,
        unresolved=tuple(sorted(unresolved.values(), key=lambda each: (each.place.file, each.place.line))),
        errors=tuple(each for judged in results for each in judged.errors),
        workflows=sum(judged.workflows for judged in results),
        activities=sum(judged.activities for judged in results),
        seconds=seconds,
    )


def _key(finding: AuditFinding) -> tuple[str, int, int, str, str]:
    place = finding.place
    return place.file, place.line, place.column, finding.rule, finding.message


def _numbered(findings: Iterable[AuditFinding], lines: dict[str, list[str]]) -> Iterator[AuditFinding]:
    """Yield the findings with the text of their lines, and with numbers where they are else alike."""
    counted: dict[tuple[str, ...], int] = {}
    for finding in findings:
        file = finding.place.file
        if file not in lines:
            lines[file] = Path(file).read_text(errors="replace").split("\n") if Path(file).is_file() else []
        number = finding.place.line
        placed = replace(finding, text=lines[file][number - 1] if 0 < number <= len(lines[file]) else "")
        occurrence = counted.get(placed.likeness, 0)
        counted[placed.likeness] = occurrence + 1
        yield replace(placed, occurrence=occurrence)
