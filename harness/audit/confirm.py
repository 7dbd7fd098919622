"""Compares findings with what runs showed: which of them are confirmed, and what happened that no finding predicts."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePath

from harness.audit.observed import AS_RECORDED, ObservedFailure, happened
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace, Missed, place_of_line

_SHOWN = 3
_QUOTED = re.compile(r"'([\w.:-]+)'")
_DECLARES = re.compile(r"\bworkflow\.defn\b")
_PLACE = re.compile(r"[\w./-]+\.py:\d+")
_SAY_NOTHING = {"run", "main", "__init__", ""}

DETERMINISM = tuple(f"CP{number}" for number in (*range(101, 112), 201, 202, 501))
"""Rules on what differs from replay to replay."""

_STATE = ("CP310", "CP201", "CP202")
_LOST = ("CP205", "CP206", "CP209")


@dataclass(frozen=True, kw_only=True)
class _Shows:
    """Which rules of the audit a failed check confirms, and which rule should have warned of it.

    Attributes:
        rules: The rules whose findings it confirms.
        near: Whether it may be about any activity or workflow that took part, and not only about what it names.
        expected: The rule that should have found it, wherever it happens; empty if it can have many causes.
    """

    rules: tuple[str, ...] = ()
    near: bool = False
    expected: str = ""


CHECKS: dict[str, _Shows] = {
    "workflow-ends-as-baseline": _Shows(
        rules=(*_STATE, "CP203", *_LOST, "CP208", "CP311", "CP312", "CP313", "CP403", *DETERMINISM), near=True
    ),
    "updates-finished": _Shows(rules=("CP205", "CP213", "CP214"), near=True),
    "no-refusal-told-as-answer": _Shows(rules=(*DETERMINISM, "CP206", "CP311"), near=True),
    "within-server-limits": _Shows(rules=("CP601", "CP207", "CP602"), near=True, expected="CP601"),
    "activities-complete-once": _Shows(rules=("CP205",), near=True),
    "completed-activity-not-run-again": _Shows(),
    "no-workflow-task-failure": _Shows(
        rules=(*DETERMINISM, "CP204", "CP208", "CP216", "CP217", "CP401", "CP402", "CP405", "CP506", "CP601"), near=True
    ),
    "signals-once": _Shows(rules=("CP205",), near=True),
    "activities-finished": _Shows(rules=("CP205", "CP212", "CP206"), near=True),
    "activities-registered": _Shows(rules=("CP504",), near=True, expected="CP504"),
    "children-finished": _Shows(rules=("CP211",), near=True, expected="CP211"),
    "queries-answered": _Shows(rules=("CP203", "CP204", "CP102"), near=True),
    "history-well-formed": _Shows(),
    "effects-happen-once": _Shows(rules=("CP306", *_STATE), near=True, expected="CP306"),
    "effect-key-stable": _Shows(rules=("CP306",), near=True, expected="CP306"),
    "effects-as-baseline": _Shows(
        rules=("CP312", "CP310", "CP311", "CP313", "CP306", "CP206", "CP212", "CP215", *DETERMINISM), near=True
    ),
    "stale-completion-harmless": _Shows(rules=("CP306", "CP307"), near=True, expected="CP306"),
    "heartbeat-declared": _Shows(rules=("CP303", "CP302", "CP318"), expected="CP303"),
    "heartbeat-in-time": _Shows(rules=("CP309", "CP304", "CP302", "CP301", "CP315", "CP317"), expected="CP309"),
    "heartbeat-detected-in-time": _Shows(rules=("CP303", "CP304", "CP302", "CP402")),
    "heartbeat-details-delivered": _Shows(),
    "hang-noticed": _Shows(rules=("CP319", "CP318"), near=True, expected="CP319"),
    "no-work-redone": _Shows(rules=("CP308", "CP312"), expected="CP308"),
    "address-can-be-told": _Shows(),
    "retry-cap": _Shows(),
    "retry-spacing": _Shows(),
    "retry-bounded": _Shows(rules=("CP403", "CP408"), expected="CP403"),
    "retry-names-exist": _Shows(rules=("CP404",), expected="CP404"),
    "non-retryable-means-one-attempt": _Shows(rules=("CP404",), expected="CP404"),
    "retry-state-right": _Shows(),
    "one-model-request-per-attempt": _Shows(rules=("CP305",), expected="CP305"),
    "model-call-not-repeated": _Shows(),
    "retry-after-honoured": _Shows(rules=("CP314", "CP305"), expected="CP314"),
    "terminal-error-tried-once": _Shows(rules=("CP407", "CP305", "CP316", "CP404"), expected="CP407"),
    "nothing-truncated-accepted": _Shows(rules=("CP311", "CP313"), near=True, expected="CP311"),
    "outage-ends-at-cap": _Shows(rules=("CP403", "CP602", "CP305"), near=True, expected="CP403"),
    "gives-up-cleanly": _Shows(rules=("CP208", "CP403", "CP206", "CP209", "CP307"), near=True),
    "recovers-in-time": _Shows(rules=("CP303", "CP302", "CP301", "CP105", "CP318", "CP406"), near=True),
    "graceful-stop": _Shows(rules=("CP502", "CP307"), near=True, expected="CP502"),
    "state-survives-server-restart": _Shows(),
    "executions-alike": _Shows(rules=_STATE, near=True),
    "goes-on-under-other-code": _Shows(),
    "scheduled-runs-end-alike": _Shows(rules=_STATE, near=True),
    "scheduled-runs-do-alike": _Shows(rules=_STATE, near=True),
    "replays": _Shows(rules=DETERMINISM, near=True),
    AS_RECORDED: _Shows(rules=DETERMINISM, near=True),
    "replays-under-every-condition": _Shows(rules=(*DETERMINISM, "CP109"), near=True),
    "calls-nothing-non-deterministic": _Shows(rules=DETERMINISM),
    "keeps-its-process": _Shows(),
    "runs-nothing-anew": _Shows(rules=DETERMINISM, near=True),
}
"""Each check of trials and replays, with what it shows."""

CONDITIONS: dict[str, tuple[str, ...]] = {
    "hash seed": ("CP106", "CP107"),
    "time zone": ("CP103", "CP101"),
    "locale": ("CP103", "CP104"),
    "wall clock": ("CP101",),
    "warm process": (*_STATE, "CP110", "CP103", "CP102", "CP107"),
    "twice in a row": (*_STATE, "CP110", "CP102", "CP107"),
    "cold process": (*_STATE, "CP110", "CP103", "CP102", "CP107"),
    "every prefix": ("CP111",),
    "replayed": ("CP111",),
    "each replay": ("CP102", "CP101", "CP107", "CP106", "CP104", "CP110"),
}
"""Conditions of replays, by how their names begin, with the rules on what depends on them."""

_FUNCTIONS = (
    (re.compile(r"^(random|secrets|uuid|os\.urandom|numpy\.random)\b|make_msgid"), "CP102"),
    (re.compile(r"^(time\.sleep|threading|_thread|subprocess|requests)\b"), "CP105"),
    (re.compile(r"^(time|datetime|email\.utils\.formatdate)\b"), "CP101"),
    (re.compile(r"^(open|io|socket|pathlib|sqlite3|builtins\.open)\b"), "CP104"),
    (re.compile(r"^(os|sys|platform|locale|importlib|posix)\b"), "CP103"),
)


def with_evidence(audited: AuditResult, run: str, *, cwd: Path, asked: Collection[str] = ()) -> AuditResult:
    """Return the audit with what a run confirms of it, and with what it missed.

    Args:
        audited: The audit.
        run: An evidence folder, its id, ``latest``, or a file with a report as JSON.
        cwd: The folder that relative paths begin in, those of the findings included.
        asked: Ids of the rules that were asked; by default all. What only others would find is not missed.

    Raises:
        UsageError: It is none of these, or cannot be read.
    """
    return meet(audited, happened(run, cwd=cwd), cwd=cwd, asked=asked)


def meet(
    audited: AuditResult, run: Sequence[ObservedFailure], *, cwd: Path, asked: Collection[str] = ()
) -> AuditResult:
    """Return the audit with what happened: confirmed findings are certain, what no finding tells is in ``missed``.

    What could stand for one of several findings confirms none of them, and is not missed either.

    Args:
        audited: The audit.
        run: What happened.
        cwd: The folder that relative paths of findings begin in.
        asked: Ids of the rules that were asked; by default all. What only others would find is not missed.
    """
    known = (*audited.findings, *(finding for finding, _ in audited.suppressed), *audited.baselined)
    confirmed: dict[AuditFinding, list[ObservedFailure]] = defaultdict(list)
    missed: list[Missed] = []
    for each in run:
        sure, possible = _told_by(each, known, cwd)
        for finding in sure:
            confirmed[finding].append(each)
        shows = CHECKS.get(each.check, _Shows())
        if not sure and not possible and (not asked or set(asked) & set(shows.rules)):
            missed.append(_missed(each, shows))
    findings = tuple(_confirmed(finding, confirmed.get(finding, ())) for finding in audited.findings)
    return replace(audited, findings=findings, missed=tuple(missed))


def explaining(each: ObservedFailure, findings: Sequence[AuditFinding], *, cwd: Path) -> tuple[AuditFinding, ...]:
    """Return the findings that tell why something happened; none where one of several may.

    Args:
        each: What happened.
        findings: All findings of the audit.
        cwd: The folder that relative paths of findings begin in.
    """
    return tuple(_told_by(each, findings, cwd)[0])


def _confirmed(finding: AuditFinding, by: Sequence[ObservedFailure]) -> AuditFinding:
    if not by:
        return finding
    lines = [f"{each.check}: {each.message} ({each.source})" for each in by[:_SHOWN]]
    more = [f"and {len(by) - _SHOWN} more"] if len(by) > _SHOWN else []
    return replace(finding, certainty=Certainty.CERTAIN, confirmed=(*finding.confirmed, *lines, *more))


def _missed(each: ObservedFailure, shows: _Shows) -> Missed:
    line = each.line or next((call.stack[-1] for call in each.witnesses if call.stack), "")
    return Missed(
        check=each.check,
        message=each.message,
        subject=each.subject,
        line=line,
        rule=_expected(each, shows),
        source=each.source,
    )


def _expected(each: ObservedFailure, shows: _Shows) -> str:
    """Return the rule that was to find it, as far as that can be told."""
    if shows.expected or not set(shows.rules) & set(DETERMINISM):
        return shows.expected
    for function in (call.function for call in each.witnesses):
        if rule := next((rule for pattern, rule in _FUNCTIONS if pattern.search(function)), ""):
            return rule
    return next((rules[0] for name in each.conditions if (rules := _rules_on(name))), "")


def _rules_on(condition: str) -> tuple[str, ...]:
    return next((rules for name, rules in CONDITIONS.items() if condition.startswith(name)), ())


def _told_by(
    each: ObservedFailure, findings: Sequence[AuditFinding], cwd: Path
) -> tuple[list[AuditFinding], list[AuditFinding]]:
    """Return the findings that tell what happened, and, where there are none, those that may."""
    shows = CHECKS.get(each.check, _Shows())
    candidates = [finding for finding in findings if finding.rule in shows.rules]
    if sure := _by_line(each, candidates, cwd):
        return sure, []
    if each.check == "calls-nothing-non-deterministic":
        return [], []
    possible = _conditioned(candidates, each.conditions)
    named = _of_these_workflows(_naming(possible, each.names), each.workflows, cwd)
    if not named and shows.near:
        named = _of_these_workflows(_naming(possible, each.near), each.workflows, cwd)
        shows = replace(shows, expected="")
    # What has many causes is told by one rule only; what has one may be told by several, in one file.
    told_apart = {(shows.expected or finding.rule, finding.place.file) for finding in named}
    return (named, []) if len(told_apart) == 1 else ([], named)


def _naming(candidates: Sequence[AuditFinding], names: frozenset[str]) -> list[AuditFinding]:
    return [finding for finding in candidates if _names_of(finding) & names]


def _of_these_workflows(findings: list[AuditFinding], workflows: Iterable[str], cwd: Path) -> list[AuditFinding]:
    """Return the findings that can be about these workflows: names of activities are the same in many programs.

    A file that names one of them is preferred; one that declares other workflows only is left out.
    """
    words = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in workflows) or "$.")
    texts = {file: _text(cwd / file) for file in {each.place.file for each in findings}}
    named = [each for each in findings if words.search(texts[each.place.file])]
    if named or not workflows:
        return named or findings
    return [each for each in findings if not _DECLARES.search(texts[each.place.file])]


@lru_cache(maxsize=256)
def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _names_of(finding: AuditFinding) -> set[str]:
    """Return the names in a finding that may be a type of an activity or workflow, or a name of an error."""
    places = (finding.place, *finding.path)
    names = {finding.workflow, *_QUOTED.findall(finding.message)}
    return (names | {part for place in places for part in place.function.split(".")}) - _SAY_NOTHING


def _conditioned(candidates: Sequence[AuditFinding], conditions: Sequence[str]) -> list[AuditFinding]:
    """Return the findings on what can depend on one of the conditions; all where none is told."""
    rules = {rule for name in conditions for rule in _rules_on(name)}
    return [finding for finding in candidates if finding.rule in rules] if rules else list(candidates)


def _by_line(each: ObservedFailure, candidates: Sequence[AuditFinding], cwd: Path) -> list[AuditFinding]:
    """Return the findings at the line of a call that was seen; else those on the way to the command that differs."""
    seen = [line for call in each.witnesses for line in _places(call.stack[-1:])]
    named_by_calls = [finding for finding in candidates if any(_names_line(finding, line, cwd) for line in seen)]
    issued = list(_places([each.line] if each.line else []))
    conditioned = _conditioned(candidates, each.conditions)
    if fitting := [finding for finding in named_by_calls if finding.rule == "CP501" or finding in conditioned]:
        return fitting
    exact = [finding for finding in conditioned if any(_stands_at(finding.place, line, cwd) for line in issued)]
    return exact or [finding for finding in conditioned if any(_leads_to(finding, line, cwd) for line in issued)]


def _places(lines: Iterable[str]) -> Iterator[CodePlace]:
    """Yield the places that lines name as replays do, ``path.py:123 in run``; nothing for what names none."""
    yield from (place for line in lines if (place := place_of_line(line)))


def _stands_at(place: CodePlace, at: CodePlace, cwd: Path) -> bool:
    return place.line <= at.line <= max(place.line, place.end_line) and _same_file(place.file, at.file, cwd)


def _names_line(finding: AuditFinding, at: CodePlace, cwd: Path) -> bool:
    """Tell whether a finding stands at a line, or says that it lies there."""
    said = _places(_PLACE.findall(finding.message))
    return _stands_at(finding.place, at, cwd) or any(
        each.line == at.line and _same_file(each.file, at.file, cwd) for each in said
    )


def _leads_to(finding: AuditFinding, at: CodePlace, cwd: Path) -> bool:
    """Tell whether a finding stands in the function of a line, or is reached through it."""
    return any(
        place.function.rpartition(".")[2] == at.function.rpartition(".")[2] and _same_file(place.file, at.file, cwd)
        for place in (finding.place, *finding.path)
    )


def _same_file(one: str, other: str, cwd: Path) -> bool:
    """Tell whether two paths are one file, or, told in different places, end alike."""
    if os.path.realpath(cwd / one) == os.path.realpath(cwd / other):
        return True
    first, second = PurePath(one).parts[::-1], PurePath(other).parts[::-1]
    common = next((number for number, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    shorter = min(len(first), len(second))
    return shorter > 1 and (common is None or common >= max(2, shorter))
