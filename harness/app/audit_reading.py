"""What ``crashproof audit`` reads: code, recorded histories, or both; together they are one audit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.audit.audit import Progress
from harness.errors import UsageError
from harness.records.audit_result import AuditResult
from harness.records.store import RUNS

if TYPE_CHECKING:
    from harness.audit.configuration import Configuration
    from harness.audit.histories import HistoryFacts
    from harness.audit.rules import Rule
    from harness.histories.files import HistoryFile
    from harness.histories.stored_history import StoredHistory

_WILD = set("*?[")
_MEBIBYTE = 1024 * 1024
_MOST_EVENTS = 200_000
_MOST_BYTES = 100 * _MEBIBYTE
"""What a history may have that is looked at: some more than a server allows, which ends a run of 51,200 events, or of
50 MiB, unless it is configured otherwise."""


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """One order to audit: the paths, the configuration, and the rules to ask.

    Attributes:
        paths: As given.
        configured: The configuration, with what options say instead.
        asked: The rules to ask.
        jobs: How many processes may work; 0 for one on each processor.
        remember: As for ``AuditOrder``.
    """

    paths: Sequence[str]
    configured: Configuration
    asked: Sequence[Rule]
    jobs: int = 0
    remember: bool = False


def read(wanted: AuditRequest, progress: Progress) -> AuditResult:
    """Return what the rules find in code and histories.

    A folder without any Python file is one of histories; so are files that are no Python, patterns, and ids of runs.

    Args:
        wanted: What to audit, and how.
        progress: Told how many parts or histories are done, and how many there are.

    Raises:
        UsageError: A path names nothing.
    """
    histories = [path for path in wanted.paths if _holds_histories(path)]
    code = [path for path in wanted.paths if path not in histories]
    result = _code(code, wanted, progress) if code else AuditResult()
    if histories:
        result = _together(result, _histories(histories, wanted, progress))
    return replace(result, rules=len(wanted.asked))


def _holds_histories(path: str) -> bool:
    place = Path(path)
    if not os.path.lexists(place):
        return bool(_WILD & set(path)) or (os.sep not in path and (RUNS / path).is_dir())
    if not place.is_dir():
        return place.suffix not in ("", ".py", ".pyi", ".pyw")
    if any(name.endswith(".py") for _, _, names in os.walk(place) for name in names):
        return False
    from harness.histories.files import history_files

    return bool(history_files([path], cwd=Path.cwd()))


def _code(paths: Sequence[str], wanted: AuditRequest, progress: Progress) -> AuditResult:
    from harness.audit.audit import audit
    from harness.audit.cache import cache_folder
    from harness.audit.code.reachability import AuditLimits
    from harness.audit.configuration import excluding
    from harness.audit.rules import RULES

    configured = wanted.configured
    folder = configured.file.parent if configured.file else Path.cwd()
    return audit(
        paths,
        rules=[rule for rule in wanted.asked if rule in RULES],
        jobs=wanted.jobs,
        cache=cache_folder() if wanted.remember else None,
        limits=AuditLimits(passed_through=configured.passed_through),
        progress=progress,
        exclude=excluding(configured.exclude, folder.absolute()),
    )


def _histories(paths: Sequence[str], wanted: AuditRequest, progress: Progress) -> AuditResult:
    from harness.audit.histories import audited
    from harness.histories.files import history_files

    begun = time.monotonic()
    files = history_files(paths, cwd=Path.cwd())
    if not files:
        raise UsageError(f"no history lies in {', '.join(paths)}")
    facts = asyncio.run(_seen(files, progress, jobs=wanted.jobs))
    result = audited(iter(facts), seconds=time.monotonic() - begun)
    asked = {rule.id for rule in wanted.asked}
    kept = tuple(finding for finding in result.findings if finding.rule in asked)
    return replace(result, findings=kept, seconds=time.monotonic() - begun)


async def _seen(files: Sequence[HistoryFile], progress: Progress, *, jobs: int) -> list[HistoryFacts]:
    """Look at every history; the files are read as for a replay, so that none takes more memory than it may there."""
    from harness.histories.reading_pool import read_histories

    facts: list[HistoryFacts] = []
    with tempfile.TemporaryDirectory(prefix="crashproof-audit-") as folder:
        async with contextlib.aclosing(read_histories(files, folder=Path(folder), jobs=jobs)) as reading:
            async for each in reading:
                facts.append(_look(each))
                if each.binary:
                    each.binary.unlink()
                progress(len(facts), len(files))
    return facts


def _look(stored: StoredHistory) -> HistoryFacts:
    """Look at one history; whatever a strange file leads to, the others are looked at."""
    from harness.audit.histories import HistoryFacts, look
    from harness.histories.formats import as_record
    from harness.histories.stored_history import loaded

    shown = stored.file.shown
    if why := _why_not(stored):
        return HistoryFacts(file=shown, reason=why.removeprefix(f"{shown} ").removeprefix(": "))
    try:
        return look(as_record(loaded(stored)), file=shown)
    except Exception as error:
        return HistoryFacts(file=shown, reason=f"cannot be read: {type(error).__name__}: {error}")


def _why_not(stored: StoredHistory) -> str:
    """Say why a history is not looked at, or nothing. Here its events are objects, of many times their bytes."""
    if stored.binary is None:
        return stored.failure
    size = stored.binary.stat().st_size
    if size <= _MOST_BYTES and stored.events <= _MOST_EVENTS:
        return ""
    limits = f"at most {_MOST_EVENTS:,} events and {_MOST_BYTES // _MEBIBYTE} MiB are looked at"
    return f"it has {stored.events:,} events and {size / _MEBIBYTE:.0f} MiB, and {limits}"


def _together(code: AuditResult, histories: AuditResult) -> AuditResult:
    return replace(
        code,
        findings=(*code.findings, *histories.findings),
        files=(*code.files, *histories.files),
        workflows=code.workflows + histories.workflows,
        activities=code.activities + histories.activities,
        seconds=code.seconds + histories.seconds,
    )
