"""Logs of worker processes: whether they say whose each line is, say it once, and hold no planted secret.

What belongs to an activity attempt is found in logs by workflow id, run id and attempt, as the SDK's own loggers add
them. A replay says nothing again: a line of a workflow that a process before had written already is a line that a
reader counts twice. The planted secrets are the keys of models that worker processes are given.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.checks.attempts import Attempt, attempts_of
from harness.checks.check import Check, NothingToLookAt, check
from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTask
from harness.records.verdict import EvidenceEntry, Finding, Severity
from harness.temporal.payload import texts_in

_FILE = re.compile(r"worker-(\d+)\.(?:out|err)")
_ATTEMPT = re.compile(r"\battempt\b\W{0,4}(\d+)")
_PLANTED = re.compile(r"sk-proj-[\w-]{48}|sk-ant-api03-[\w-]{48}")
"""The keys of models as worker processes are given them: made anew in each run, and longer than any other text."""
_CHANGING = re.compile(r"\d[\d.:,TZ+-]*|0x[0-9a-f]+")
"""What differs between two writings of one line: times, numbers of processes, addresses."""
_SHOWN = 160


@dataclass(frozen=True)
class WorkerLog:
    """What a worker process wrote.

    Attributes:
        worker: Its number in the trial.
        lines: Its lines, those of standard output before those of standard error.
    """

    worker: int
    lines: tuple[str, ...]


def read_logs(folder: Path) -> tuple[WorkerLog, ...]:
    """Return what each worker process of a trial wrote.

    Args:
        folder: The folder of the trial's logs.
    """
    lines: dict[int, list[str]] = {}
    for file in sorted(folder.glob("worker-*.*"), reverse=True):  # .out comes before .err
        if named := _FILE.fullmatch(file.name):
            lines.setdefault(int(named[1]), []).extend(file.read_text(errors="replace").splitlines())
    return tuple(WorkerLog(worker, tuple(lines[worker])) for worker in sorted(lines))


def log_checks(logs: Mapping[str, Sequence[WorkerLog]]) -> tuple[Check, ...]:
    """Return the checks of logs.

    Args:
        logs: The logs by trial.
    """

    @check("logs-say-whose", severity=Severity.RISKY, why=_WHY_WHOSE, fix=_FIX)
    def say_whose(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        """For each activity attempt that ended, a line carries workflow id, run id and attempt."""
        yield from _unnamed(evidence, logs.get(evidence.trial, ()))

    @check("logs-not-repeated", severity=Severity.RISKY, why=_WHY_REPEATED, fix=_FIX)
    def not_repeated(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        """A process that only replays a workflow writes nothing again that a process before it has written."""
        yield from _repeated(evidence, logs.get(evidence.trial, ()))

    @check(
        "secrets-kept", why="Logs and histories are read by many, and kept for long.", fix="Log no key and no header."
    )
    def kept(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        """The keys of models that a worker process is given are in no line of its logs and in no history."""
        yield from _secrets(evidence, logs.get(evidence.trial, ()))

    return (say_whose, not_repeated, kept)


_WHY_WHOSE = "At night somebody searches the logs for the one run that failed: a line without its ids is not found."
_WHY_REPEATED = "A line that each replay writes again tells of work that did not happen again."
_FIX = "Log by workflow.logger and activity.logger, which add the ids and are silent in replays."


def _unnamed(evidence: Evidence, logs: Sequence[WorkerLog]) -> Iterator[Finding]:
    ended = [attempt for attempt in attempts_of(evidence) if attempt.answers]
    if not ended:
        raise NothingToLookAt("no activity attempt ended")
    unnamed = [attempt for attempt in ended if not any(_names(line, attempt, evidence) for line in _lines(logs))]
    for name in dict.fromkeys(attempt.activity for attempt in unnamed):
        missing = [attempt for attempt in unnamed if attempt.activity == name]
        total = sum(attempt.activity == name for attempt in ended)
        numbers = ", ".join(f"attempt {each.number} of {each.name}" for each in missing[:3])
        yield Finding(
            check="logs-say-whose",
            subject=name,
            message=f"no line of the logs carries workflow id, run id and attempt of {len(missing)} of {total} "
            f"attempts of {name}: {numbers}",
        )


def _names(line: str, attempt: Attempt, evidence: Evidence) -> bool:
    """Tell whether a line carries workflow id, run id and attempt."""
    if attempt.run_id not in line or not any(int(said) == attempt.number for said in _ATTEMPT.findall(line)):
        return False
    return any(history.workflow_id in line for history in evidence.histories if history.run_id == attempt.run_id)


def _lines(logs: Sequence[WorkerLog]) -> Iterator[str]:
    return (line for log in logs for line in log.lines)


def _repeated(evidence: Evidence, logs: Sequence[WorkerLog]) -> Iterator[Finding]:
    """Yield what processes that were given workflow tasks and no activity wrote, and a process before them had too.

    Any process writes what it writes at its start: that is what one wrote that was given nothing at all. Where there is
    none, only lines that carry a run id are looked at.
    """
    given = _given(evidence)
    only_replaying = [log for log in logs[1:] if given.get(log.worker) == {"workflow"}]
    if not only_replaying or _left_open(evidence, before=only_replaying[0].worker):
        raise NothingToLookAt("no process did nothing but replay what one before it had completed")
    idle = [log for log in logs if not given.get(log.worker)]
    at_start = {_same(line) for log in idle for line in log.lines}
    runs = [history.run_id for history in evidence.histories]
    for log in only_replaying:
        before = {_same(line) for earlier in logs if earlier.worker < log.worker for line in earlier.lines}
        for line in log.lines:
            own = any(run in line for run in runs) or (idle and _same(line) not in at_start)
            if own and _same(line) in before:
                yield Finding(
                    check="logs-not-repeated",
                    subject=_same(line)[:_SHOWN],
                    message=f"a line was written again while the workflow was replayed: {line[:_SHOWN]!r}",
                    evidence=(EvidenceEntry(source=f"logs of worker process {log.worker}", words=(line[:_SHOWN],)),),
                )


def _left_open(evidence: Evidence, *, before: int) -> bool:
    """Tell whether a process before that of a number had a workflow task that it did not complete.

    Who is given that one decides anew, and rightly writes what was written of it before.
    """
    own = [entry for entry in evidence.tape if entry.kind == "reply" and entry.worker < before]
    handed_out = sum(isinstance(entry.facts, WorkflowTask) for entry in own)
    return handed_out > sum(entry.operation == "RespondWorkflowTaskCompleted" for entry in own)


def _given(evidence: Evidence) -> dict[int, set[str]]:
    """Return which kinds of tasks each worker process was given, by its number."""
    given: dict[int, set[str]] = {}
    for entry in evidence.tape:
        if entry.kind == "reply" and isinstance(entry.facts, WorkflowTask):
            given.setdefault(entry.worker, set()).add("workflow")
    for attempt in attempts_of(evidence):
        given.setdefault(attempt.worker, set()).add("activity")
    return given


def _same(line: str) -> str:
    """Return what two writings of one line have in common."""
    return " ".join(_CHANGING.sub("", line).split())


def _secrets(evidence: Evidence, logs: Sequence[WorkerLog]) -> Iterator[Finding]:
    for log in logs:
        if any(_PLANTED.search(line) for line in log.lines):
            yield _leaked(f"the logs of worker process {log.worker}", "logs")
    for history in evidence.histories:
        for event in history.events:
            if any(map(_PLANTED.search, _texts(event))):
                yield _leaked(f"event {event['eventId']} of the history of {history.workflow_id}", "histories")
    for entry in evidence.tape:
        if entry.door == "effect" and entry.kind == "request" and _PLANTED.search(repr(entry.http.body)):
            yield _leaked(f"the body of {entry.operation}", "effects")


def _texts(event: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of an event, and what those hold that are base64, as payloads are."""
    for text in texts_in(event):
        yield text
        try:
            yield base64.b64decode(text, validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            continue


def _leaked(where: str, subject: str) -> Finding:
    return Finding(
        check="secrets-kept", subject=subject, message=f"a key of a model that the worker was given stands in {where}"
    )
