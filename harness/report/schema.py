"""JSON schemas of what ``-o json`` prints, made from the types that are written down here.

A document may get more keys and loses none, so a schema says what is there, and forbids nothing beside it. A schema is
known by a name and not by an address (RFC 8141), since it comes with the package: ``urn:crashproof:schema:run:1``.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

import msgspec

from harness.records.audit_result import CodePlace, FileReport, Missed, RuleError, Unresolved
from harness.records.explore_result import ExploredEnd, OnServer
from harness.records.replay_result import LeftOut, NondeterministicCall
from harness.records.verdict import Outcome, Severity
from harness.report.document import SCHEMA_VERSION


class TrialCounts(TypedDict):
    """How many trials there were, and what became of them."""

    run: int
    passed: int
    failed: int
    unknown: int


class PointCounts(TypedDict):
    """How many points are known, how many were struck, and how many were not reached again."""

    known: int
    struck: int
    unreachable: int


class FindingDocument(TypedDict):
    """One finding, as the documents of all commands have it; each command says more of it."""

    id: str
    check: str
    message: str
    scenario: str
    plan: str
    reproduce: str


class JudgedDocument(TypedDict):
    """What the document of every command that judges has, whatever it judges.

    `vacuous` is how many trials showed nothing; true where nothing was tried, and `error` says why not.
    """

    schema_version: Literal[1]
    outcome: Outcome
    exit_status: int
    vacuous: int | bool
    points: PointCounts
    error: NotRequired[str]


class _FindingsDocument(JudgedDocument):
    trials: TrialCounts
    findings: list[FindingDocument]


Word = Literal["certain", "likely", "look"]


class _CodeDocument(TypedDict):
    rule: str
    certainty: Word
    message: str
    place: CodePlace
    text: str


class _RunFindingDocument(FindingDocument):
    trial: str
    trials: list[str]
    subject: str
    severity: Severity
    why: str
    fix: str
    evidence: list[str]
    code: list[_CodeDocument]


class _TrialDocument(TypedDict):
    id: str
    scenario: str
    plan: str
    outcome: Outcome
    struck: bool
    reason: str
    unknown: list[str]
    checks: dict[str, Outcome | None]


class _TrialsDocument(TrialCounts):
    verdicts: NotRequired[list[_TrialDocument]]


class _FaultDocument(TypedDict):
    family: str
    not_applicable: NotRequired[str]
    known: NotRequired[int]
    struck: NotRequired[int]
    unreachable: NotRequired[int]
    passed: NotRequired[int]
    failed: NotRequired[int]
    unknown: NotRequired[int]


class _CutDocument(TypedDict):
    fault: str
    point: str
    text: str
    stands_for: list[str]


class _PairsDocument(TypedDict):
    """Plans of two strikes: how many were asked for, which there are, and which came without their second strike."""

    asked: int
    known: list[str]
    lone: list[str]
    untried: list[str]


class _ScenarioDocument(TypedDict):
    name: str
    title: str
    outcome: Literal["PASS", "FAIL", "UNKNOWN", ""]
    reason: str
    inapplicable: str
    seconds: float
    trials: TrialCounts
    points: PointCounts
    vacuous: int
    not_run: int
    faults: dict[str, _FaultDocument]
    cuts: list[_CutDocument]
    unreachable: list[str]
    untried: list[str]
    pairs: _PairsDocument
    limit: str
    unsteady: list[str]
    coverage_gaps: list[str]
    uncalled_tools: list[str]
    masked: list[str]
    notes: list[str]


class _ComparedDocument(TypedDict):
    id: str
    check: str
    scenario: str
    severity: Severity
    message: str
    trial: str


_ComparisonDocument = TypedDict(
    "_ComparisonDocument",
    {
        "with": str,
        "new": list[_ComparedDocument],
        "still_there": list[_ComparedDocument],
        "not_looked_for": list[_ComparedDocument],
        "mended": list[_ComparedDocument],
    },
)


class RunDocument(JudgedDocument):
    """What `crashproof run`, `judge`, `report`, `reproduce` and `demo` print."""

    trials: _TrialsDocument
    findings: list[_RunFindingDocument]
    folder: NotRequired[str]
    fail_on: NotRequired[Severity]
    severities: NotRequired[dict[Severity, int]]
    rest: NotRequired[str]
    faults: NotRequired[dict[str, _FaultDocument]]
    scenarios: NotRequired[list[_ScenarioDocument]]
    compared: NotRequired[_ComparisonDocument]
    explored: NotRequired[ExploreDocument]
    replayed: NotRequired[ReplayDocument]


class _DifferenceDocument(TypedDict, total=False):
    event_id: int
    workflow_task: int
    kind: str
    subject: str
    field: str
    old: Any
    new: Any
    line: str
    callers: list[str]
    note: str
    places: list[str]
    tolerated: bool | None
    rule: str


class _ReplayFindingDocument(FindingDocument):
    workflow: str
    subject: str
    line: str
    conditions: list[str]
    causes: list[NondeterministicCall]
    histories: list[str]
    accepted: str
    difference: _DifferenceDocument


class _HistoryDocument(TypedDict):
    file: str
    workflow: str
    workflow_id: str
    run_id: str
    events: int
    outcome: Outcome
    reason: str
    commands: int
    tasks: int
    prefixes: int
    left_out: list[LeftOut]
    unseen: int
    conditions: list[str]
    temporal: str
    note: str
    findings: list[str]


class ReplayDocument(JudgedDocument):
    """What `crashproof replay` prints."""

    trials: TrialCounts
    findings: list[_ReplayFindingDocument]
    accepted: NotRequired[list[_ReplayFindingDocument]]
    stale: NotRequired[list[str]]
    unusable: NotRequired[list[str]]
    against: NotRequired[str]
    conditions: NotRequired[list[str]]
    commands: NotRequired[int]
    workflow_tasks: NotRequired[int]
    prefixes: NotRequired[int]
    seconds: NotRequired[float]
    histories: NotRequired[list[_HistoryDocument]]


class _AuditFindingDocument(FindingDocument):
    rule: str
    severity: Word
    certainty: Word
    how_bad: Severity
    place: CodePlace
    path: list[CodePlace]
    fingerprint: str
    workflow: str
    evidence: list[str]
    confirmed: list[str]
    text: str


class _SuppressedDocument(_AuditFindingDocument):
    reason: str


class AuditDocument(JudgedDocument):
    """What `crashproof audit` prints."""

    trials: TrialCounts
    findings: list[_AuditFindingDocument]
    unknown: NotRequired[list[str]]
    severities: NotRequired[dict[Word, int]]
    fail_on: NotRequired[Word]
    below: NotRequired[int]
    suppressed: NotRequired[list[_SuppressedDocument]]
    baselined: NotRequired[list[_AuditFindingDocument]]
    stale: NotRequired[list[str]]
    unused_ignores: NotRequired[list[CodePlace]]
    bad_ignores: NotRequired[list[CodePlace]]
    missed: NotRequired[list[Missed]]
    unresolved: NotRequired[list[Unresolved]]
    errors: NotRequired[list[RuleError]]
    files: NotRequired[list[FileReport]]
    rules: NotRequired[int]
    workflows: NotRequired[int]
    activities: NotRequired[int]
    seconds: NotRequired[float]


class _ExploreFindingDocument(FindingDocument):
    subject: str
    severity: Severity
    why: str
    fix: str
    moves: list[list[str]]
    end: ExploredEnd
    story: list[str]
    compared: list[str]
    line: str
    history: str
    plan: str
    invented: list[str]
    on_server: OnServer | None


class _ExploredDocument(TypedDict):
    scenario: str
    title: str
    file: str
    budgets: dict[str, int]
    states: int
    merged: int
    paths: int
    left: int
    limit: str
    cold: int
    warm: int
    executed: int
    seconds: float
    unexplored: dict[str, int]
    notes: list[str]
    reason: str
    outcome: Outcome
    whole: bool
    findings: list[str]


class ExploreDocument(JudgedDocument):
    """What `crashproof explore` prints."""

    trials: TrialCounts
    findings: list[_ExploreFindingDocument]
    folder: NotRequired[str]
    scenarios: NotRequired[list[_ExploredDocument]]
    seconds: NotRequired[float]


class _PointDocument(TypedDict):
    id: str
    theme: str
    title: str
    promise: str
    outcome: Literal["PASS", "FAIL", "UNKNOWN", "not applicable"]
    why: str
    evidence: list[str]
    remedy: str
    planted: str


class ReadyDocument(RunDocument):
    """What `crashproof ready` prints: the twelve points in `checklist`, beside what its run came to."""

    checklist: NotRequired[list[_PointDocument]]
    limits: NotRequired[list[str]]


_SHAPES: dict[str, Any] = {
    "run": RunDocument,
    "replay": ReplayDocument,
    "audit": AuditDocument,
    "explore": ExploreDocument,
    "ready": ReadyDocument,
    "judged": _FindingsDocument,
    "finding": FindingDocument,
}

NAMES = tuple(_SHAPES)
"""What there is a schema of: a command's document, the head that all have, and one finding."""


def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of one of ``NAMES``.

    Raises:
        KeyError: There is no such schema.
    """
    (made,), parts = msgspec.json.schema_components([_SHAPES[name]], ref_template="#/$defs/{name}")
    named = {part.removeprefix("_"): shape for part, shape in parts.items()}
    whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made).replace(b"#/$defs/_", b"#/$defs/"))
    defined = msgspec.json.decode(msgspec.json.encode(named).replace(b"#/$defs/_", b"#/$defs/"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:crashproof:schema:{name}:{SCHEMA_VERSION}",
        **whole,
        "$defs": defined,
    }
