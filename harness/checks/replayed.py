"""Replayed: whether every history of the trial, and every prefix of it, decides again as it was recorded."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence

from harness.checks.check import CannotTell, CannotTellUnderLoad, NothingToLookAt, check
from harness.checks.showing import short
from harness.records.activity_account import why_no_history
from harness.records.evidence import Evidence
from harness.records.replay_result import Difference, Replay, ReplayFinding
from harness.records.verdict import EvidenceEntry, Finding, Severity

_ENVIRONMENT = "os.environ"
_READS_ENVIRONMENT = (
    "It decides the same as long as the environment is the same: a worker that is deployed with another one decides "
    "otherwise for the workflows that are open.",
    "Read the variable where the workflow is started and hand it in, or in an activity; tell a library what it reads.",
)

_NUMBER = re.compile(r"[.+]\d+(?=/|[.+]|$)")
"""Which child, execution or run of a chain it is, in a path such as ``Parent/Child.2+1``."""

_NOT_MADE = re.compile(r"a worker with \S+ does not start: ")
"""How the failure of a replay begins whose own worker could not be made: that of the trial was, with the same code."""

_AS_THE_WORKER = (
    "The worker itself has started: its plugins, interceptors or runner have to take part in the replay. Give "
    "--replayer MODULE:FUNCTION, or leave it out with --skip-check replays"
)

_NEVER_BY_DESIGN = ("command", "outcome")
_BY_DESIGN = (
    "if a framework makes it so by design, have it accepted: crashproof replay RUN --accept PATH --reason TEXT, with "
    "a PATH such as 'activity.input[0].messages[*].timestamp'"
)
_LONGEST = 600
_MOST_SHOWN = 8
_MOST_CAUSES = 3


@check(
    "replays",
    why="A worker that restarts replays the history: where it decides otherwise the workflow is stuck.",
    fix="Look at the line below: keep clocks, randomness, environment and network out of workflow code, and "
    "change code that runs behind workflow.patched().",
)
def replays(evidence: Evidence, baselines: Sequence[Evidence]) -> Generator[Finding, None, str]:
    """Every history, and every prefix that ends a workflow task, replays to the same commands, field by field."""
    if without := why_no_history(evidence):
        raise NothingToLookAt(without)
    if evidence.replays is None:
        raise NothingToLookAt("the workflow code is not importable here: name its modules to have histories replayed")
    reasons = tuple(dict.fromkeys(reason for replay in evidence.replays if (reason := replay.skipped)))
    if all(replay.skipped for replay in evidence.replays):
        raise NothingToLookAt("; ".join(["no history was replayed", *reasons]))
    seen: set[tuple[str, str]] = set()
    for replay in evidence.replays:
        for finding in _findings(replay, _path_of(replay, evidence)):
            what = _whatever_execution(finding)
            if what not in seen:
                seen.add(what)
                yield finding
    unknown = next((reason for replay in evidence.replays if (reason := _why_unknown(replay))), "")
    if unknown and not seen:
        blocked = any(replay.blocked for replay in evidence.replays)
        raise CannotTellUnderLoad(unknown) if blocked else CannotTell(unknown)
    return f"not replayed: {'; '.join(reasons)}" if reasons else ""


def _whatever_execution(finding: Finding) -> tuple[str, str]:
    """Return what a finding says of the code, whichever execution of it shows it: one cause is told once."""
    code = _NUMBER.sub("", finding.subject)
    return code, finding.message.replace(finding.subject, code)


def _why_unknown(replay: Replay) -> str:
    """Return why a replay says nothing: load, or code that blocks, look alike; or it is not as the worker does it."""
    if _NOT_MADE.match(replay.failure):
        return f"{_first_line(replay.failure)} {_AS_THE_WORKER}"
    if replay.blocked:
        return f"a workflow task took too long: {_first_line(replay.failure)}"
    return _first_line(replay.lost) if replay.lost and not _ended(replay) else ""


def _ended(replay: Replay) -> bool:
    return "exit status" in replay.lost


def _findings(replay: Replay, path: str) -> Iterator[Finding]:
    steady = not replay.differences and not replay.failure
    for finding in replay.findings:
        reads = steady and [call.function for call in finding.causes] == [_ENVIRONMENT] and not finding.conditions
        why, fix = _READS_ENVIRONMENT if reads else ("", "")
        yield Finding(
            check="replays",
            subject=path,
            message=f"the replay of {path} shows that {finding.message}",
            evidence=tuple(EvidenceEntry(words=(line,)) for line in _shown(finding)),
            severity=Severity.RISKY if reads else None,
            why=why,
            fix=fix,
        )
    if replay.findings:
        return
    if replay.differences:
        yield from _differences(replay.differences, path)
    elif replay.failure and not _why_unknown(replay):
        kind = "is not deterministic" if replay.nondeterminism else "failed"
        words = f"the replay of {path} {kind}: {_first_line(replay.failure)}"
        lines = replay.failure[:_LONGEST].splitlines()[:_MOST_SHOWN]
        shown = tuple(EvidenceEntry(words=(line,)) for line in lines)
        yield Finding(check="replays", subject=path, message=words, evidence=shown)


def _shown(finding: ReplayFinding) -> Iterator[str]:
    """Yield the line that decides, the conditions, and the calls that are likely causes."""
    if finding.line:
        yield finding.line
    if finding.conditions:
        yield f"seen under: {', '.join(finding.conditions)}"
    if finding.difference and finding.difference.field not in _NEVER_BY_DESIGN:
        yield _BY_DESIGN
    for call in finding.causes[:_MOST_CAUSES]:
        yield f"calls {call.function}: {' -> '.join(call.stack)}"


def _differences(differences: Sequence[Difference], path: str) -> Iterator[Finding]:
    """Tell the first difference of a history: those after it follow from it as a rule, and are its evidence."""
    first = differences[0]
    yield Finding(
        check="replays",
        subject=path,
        message=f"the replay of {path} decides otherwise: {_in_words(first)}",
        evidence=tuple(
            EvidenceEntry("", f"event {each.event_id}", (_in_words(each),)) for each in differences[:_MOST_SHOWN]
        ),
    )


def _in_words(difference: Difference) -> str:
    where = f" ({difference.line})" if difference.line else ""
    name = " ".join(part for part in (difference.kind, difference.subject) if part)
    return f"{name}, {difference.field}: recorded {short(difference.old)}, now {short(difference.new)}{where}"


def _path_of(replay: Replay, evidence: Evidence) -> str:
    paths = (history.path for history in evidence.histories if history.run_id == replay.run_id)
    return next(paths, replay.workflow_id)


def _first_line(failure: str) -> str:
    return failure.strip().splitlines()[0][:300]
