"""The records that every form of a report is written from, whatever it is that is reported.

``harness.report.sweep``, ``.replay``, ``.audit`` and ``.explore`` each turn what came out of their source into one
``Report``; the forms (JSON, JUnit XML, SARIF, annotations, HTML) know nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.records.audit_result import AuditFinding, Certainty, CodePlace, RuleText
from harness.records.plan import Plan
from harness.records.replay_result import Difference, NondeterministicCall
from harness.records.verdict import EvidenceEntry, Outcome, Severity
from harness.report.phrases import code_text

Level = Literal["error", "warning", "note"]

_LEVELS: Mapping[Certainty | Severity | None, Level] = {
    None: "error",
    Certainty.CERTAIN: "error",
    Certainty.LIKELY: "warning",
    Certainty.LOOK: "note",
    Severity.BROKEN: "error",
    Severity.RISKY: "warning",
    Severity.WASTEFUL: "note",
}


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """Why a finding counts no more: somebody has accepted it, or is to mend it later.

    Attributes:
        kind: Where that is said: in the code itself, or in a file of its own.
        reason: The reason given there.
        status: What SARIF calls the state of it; empty where only the reason is known.
    """

    kind: Literal["inSource", "external"]
    reason: str
    status: Literal["", "accepted"] = ""


@dataclass(frozen=True, kw_only=True)
class ReportedFinding:
    """One finding as every form shows it.

    Attributes:
        id: The same in every run.
        check: Name of the check, or of the rule.
        message: What was expected and what was seen, in one sentence.
        scenario: Whose finding it is: a scenario, or the type of a workflow or an activity.
        reproduce: The command that shows it again.
        rule: Id of the rule of an audit; empty where a check has no other id than its name.
        certainty: How strong the evidence is, where findings of the source differ in that.
        severity: How bad it is, where findings of the source differ in that.
        why: Why it matters, where the finding says so itself.
        fix: How to mend it, where the finding says so itself.
        plan: The plan of the trial that shows it; None where nothing was struck.
        trial: Id of that trial.
        trials: Ids of all trials that show it.
        place: Where in the code, if that is known.
        snippet: The line of code as it stands there.
        path: The steps that lead to that place, each one a call.
        code: What the audit says of the code that explains a finding of a run; its place is that of the first.
        files: The files that it is about: the histories that show it, or what declares the scenario.
        line: The line of the first of them that it is about; 0 where none is.
        evidence: The entries that show it.
        confirmed: What confirmed it at run time.
        causes: Calls seen beside it whose results differ from replay to replay.
        conditions: The conditions of replay under which it shows; empty where it does not depend on them.
        difference: What is not as recorded, where it is that.
        tolerance: Whether Temporal itself lets that difference pass, and by which rule; empty where it is not known.
        suppression: Why it does not count; None if it counts.
        fails: Whether it is sure or bad enough to fail.
        fingerprints: How SARIF knows it again, by the name of the way to do so.
        details: What JSON says of it beside, by key.
        properties: What SARIF says of it beside, by key.
    """

    id: str
    check: str
    message: str
    scenario: str
    reproduce: str
    rule: str = ""
    certainty: Certainty | None = None
    severity: Severity | None = None
    why: str = ""
    fix: str = ""
    plan: Plan | None = None
    trial: str = ""
    trials: tuple[str, ...] = ()
    place: CodePlace | None = None
    snippet: str = ""
    path: tuple[CodePlace, ...] = ()
    code: tuple[AuditFinding, ...] = ()
    files: tuple[str, ...] = ()
    line: int = 0
    evidence: tuple[EvidenceEntry, ...] = ()
    confirmed: tuple[EvidenceEntry, ...] = ()
    causes: tuple[NondeterministicCall, ...] = ()
    conditions: tuple[str, ...] = ()
    difference: Difference | None = None
    tolerance: str = ""
    suppression: Suppression | None = None
    fails: bool = True
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file where it is shown: that of its place, or else the first that it is about."""
        return self.place.file if self.place else next(iter(self.files), "")

    @property
    def rule_id(self) -> str:
        """The id of its rule, or else the name of its check: what programs know the kind of finding by."""
        return self.rule or self.check

    @property
    def grade(self) -> Certainty | Severity | None:
        """What findings of its source differ in: how strong the evidence is, or how bad it is; None for neither."""
        return self.certainty or self.severity

    @property
    def level(self) -> Level:
        """The level at which other tools show it; their own highest where its source makes no difference."""
        return _LEVELS[self.grade]

    @property
    def code_lines(self) -> tuple[str, ...]:
        """The lines of code that explain it, each with its place and the rule of the audit that says so."""
        return tuple(map(code_text, self.code))

    @property
    def remarks(self) -> tuple[str, ...]:
        """The code that explains it, and its advice: a line each."""
        return (*(f"Code: {line}" for line in self.code_lines), *self.advice)

    @property
    def advice(self) -> tuple[str, ...]:
        """Why it matters, how to mend it, and whether Temporal tolerates it: a line each, where that is said."""
        named = (f"Why: {self.why}" if self.why else "", f"Fix: {self.fix}" if self.fix else "", self.tolerance)
        return tuple(filter(None, named))


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What GitHub shows of a limit: at the top of a step, or at a file.

    Attributes:
        level: How it is shown.
        title: Its heading.
        text: What it says.
    """

    level: Literal["error", "warning", "notice"]
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Something that limits what a report proves: a file not read, a fault not made, a history not replayed.

    Attributes:
        level: How much it limits it.
        text: What it is.
        file: The file that it is about; empty where it is about none.
        place: The place that it is about, where it is a place in a file.
        annotation: What GitHub shows of it; None for nothing.
    """

    level: Level
    text: str
    file: str = ""
    place: CodePlace | None = None
    annotation: Annotation | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test case of JUnit XML: a trial, a history, a file.

    Attributes:
        name: Its name.
        classname: What it belongs to.
        findings: Its findings: those that fail are failures, the others its output.
        error: Why it is UNKNOWN, or an empty text.
        skipped: Why it was not made, or an empty text.
        properties: What else is known of it, by name.
        story: What happened in it, line by line; its output.
    """

    name: str
    classname: str
    findings: tuple[ReportedFinding, ...] = ()
    error: str = ""
    skipped: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    story: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One test suite of JUnit XML.

    Attributes:
        name: Its name.
        cases: Its test cases.
        seconds: How long it took.
        may_skip: Whether there are reasons to skip a case of it, so that the number of those skipped is told.
        properties: What else is known of it, by name.
    """

    name: str
    cases: tuple[Case, ...]
    seconds: float
    may_skip: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a command that judges came to, as every form shows it.

    Attributes:
        kind: What was done.
        outcome: PASS, UNKNOWN or FAIL.
        headline: What it came to, in one line without the outcome.
        findings: All findings, those that are accepted or ignored last.
        limits: What limits the result.
        suites: The test suites of JUnit XML.
        rules: The catalogue of rules, where findings are of rules.
        trials: Numbers of trials, by the keys of the document.
        points: Numbers of points, by the keys of the document.
        vacuous: How many trials showed nothing.
        folder: The evidence folder, as the user would type it; None where there is none.
        details: What the document says beside, by key.
    """

    kind: Literal["run", "replay", "audit", "explore"]
    outcome: Outcome
    headline: str
    findings: tuple[ReportedFinding, ...] = ()
    limits: tuple[Limit, ...] = ()
    suites: tuple[Suite, ...] = ()
    rules: tuple[RuleText, ...] = ()
    trials: Mapping[str, Any] = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)
    vacuous: int = 0
    folder: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counted(self) -> tuple[ReportedFinding, ...]:
        """The findings that nobody has accepted or chosen to ignore."""
        return tuple(finding for finding in self.findings if finding.suppression is None)
