"""What an audit tells: places in the code, findings, files that it could not read, calls that it could not follow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.records.verdict import Outcome, Severity

_LINE = re.compile(r"^(?P<file>.+):(?P<line>\d+)(?: in (?P<function>.*))?$")


class Certainty(StrEnum):
    """How sure a finding of the audit is: it breaks, it will probably break, someone should look at it."""

    CERTAIN = "certain"
    LIKELY = "likely"
    LOOK = "look at it"

    @property
    def rank(self) -> int:
        """Return 2 for certain, 1 for likely, 0 for look at it."""
        return {Certainty.LOOK: 0, Certainty.LIKELY: 1, Certainty.CERTAIN: 2}[self]

    @property
    def word(self) -> str:
        """Return it as options and configuration name it: ``certain``, ``likely``, ``look``."""
        return self.value.split()[0]


@dataclass(frozen=True, kw_only=True)
class CodePlace:
    """A place in audited code: file, line and column, and the function around it.

    Attributes:
        file: As the reader would open it: relative to the working directory where it is below that.
        line: From 1.
        column: From 1, in characters; 0 if not known.
        end_line: Line of the last character; 0 if not known.
        end_column: Column behind the last character; 0 if not known.
        function: Qualified name of the function that it stands in, without the module; empty at module level.
        what: What happens there ("calls pick()"), for a step of a path; else empty.
    """

    file: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0
    function: str = ""
    what: str = ""


def place_of_line(line: str) -> CodePlace | None:
    """Return the place that a line as replays name it means, ``path.py:123 in run``; None where it names none.

    Its column is 0: a replay knows lines only.
    """
    named = _LINE.match(line)
    if named is None:
        return None
    return CodePlace(file=named["file"], line=int(named["line"]), column=0, function=named["function"] or "")


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    """One place that breaks durability, and how workflow or activity code gets there.

    Attributes:
        rule: Id of the rule.
        certainty: How sure it is.
        message: What stands where, what it leads to and what to write instead.
        place: The offending line.
        path: The steps from the entry method to the offending line: each one is the call that leads on.
        workflow: Type of the workflow (or activity) whose code it is; empty where none is.
        evidence: More places or facts that show it, one line each.
        confirmed: What confirmed it at run time, one line each.
        text: The offending line as it stands in the file; set by the audit.
        occurrence: Which one it is, from 0, of the findings that are else alike; set by the audit.
        recorded: Whether histories show it: it is about a workflow type, and its file is the one that shows it best.
    """

    rule: str
    certainty: Certainty
    message: str
    place: CodePlace
    path: tuple[CodePlace, ...] = ()
    workflow: str = ""
    evidence: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    text: str = ""
    occurrence: int = 0
    recorded: bool = False

    @property
    def likeness(self) -> tuple[str, ...]:
        """Return what does not change when lines move: rule, file, function, and the line without its spaces.

        What histories show stays the same when another history comes to show it better.
        """
        file = "" if self.recorded else self.place.file
        return (self.rule, file, self.place.function, "".join(self.text.split()))

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that stay the same when lines move, or are indented otherwise."""
        likeness = "\n".join([*self.likeness, str(self.occurrence)])
        return hashlib.blake2s(likeness.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What an audit did with one file: whether it was read, and why not if it was not.

    Attributes:
        file: The file.
        reason: Why it was not audited, in one line; empty if it was.
        lines: How many lines it has; 0 if that is not known.
        elsewhere: Whether nothing was missed for that reason: the same is audited under another name.
    """

    file: str
    reason: str = ""
    lines: int = 0
    elsewhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Unresolved:
    """A call that the audit could not follow.

    Attributes:
        place: Where it stands.
        name: What is called, as written.
        why: Why it could not be followed, in one line.
    """

    place: CodePlace
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RuleError:
    """A rule that could not be judged, for it raised.

    Attributes:
        rule: Id of the rule.
        message: What it raised, and where in its code, in one line.
        files: The first files of the code that it looked at.
    """

    rule: str
    message: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleText:
    """What a rule of the audit says for people.

    Attributes:
        id: As ignored and reported: ``CP`` and three digits.
        name: In words joined by hyphens, for people.
        title: What it forbids, in one line.
        why: What happens otherwise, in a few sentences.
        evidence: The measured fact or Temporal's promise that it rests on.
        fix: What to write instead.
        bad: Short code that breaks it.
        right: The same code, right.
        certainty: Of its findings as a rule; single findings may be less sure.
        severity: How bad it is where a finding of it is right.
    """

    id: str
    name: str
    title: str
    why: str
    evidence: str
    fix: str
    bad: str
    right: str
    certainty: Certainty
    severity: Severity = Severity.BROKEN


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Something that a run showed to be wrong, and that no finding of the audit tells.

    Attributes:
        check: Name of the check that found it.
        message: What was expected and what was seen, in one line.
        subject: What it is about: an activity type, an effect's name, a workflow type.
        line: Source line, ``path.py:123 in run``, where known.
        rule: Id of the rule that was to find it; empty where reading cannot show such a thing.
        source: Where it was seen: the trial, or the histories.
    """

    check: str
    message: str
    subject: str = ""
    line: str = ""
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """The result of an audit: its findings, and what it could not read, follow or judge.

    Attributes:
        findings: By file, line, column and rule.
        files: One report for each file, by name.
        unresolved: The calls of workflow code that could not be followed.
        suppressed: Findings that the code itself says to ignore, each with the reason given there.
        baselined: Findings that the baseline file knows.
        stale: Entries of the baseline file that nothing matches any more, one line each.
        unused_ignores: Places of comments that ignore a finding that is not there.
        bad_ignores: Places of comments that ignore nothing, for they have no reason, or no rule is called so.
        errors: Rules that raised.
        missed: What a run showed that was given as evidence, and that no finding tells.
        below: How many findings are less sure than what was asked for, and not told.
        rules: How many rules were asked.
        workflows: How many workflows were found.
        activities: How many activities were found.
        fail_on: Certainty from which on a finding fails the audit.
        seconds: How long it took.
    """

    findings: tuple[AuditFinding, ...] = ()
    files: tuple[FileReport, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    suppressed: tuple[tuple[AuditFinding, str], ...] = ()
    baselined: tuple[AuditFinding, ...] = ()
    stale: tuple[str, ...] = ()
    unused_ignores: tuple[CodePlace, ...] = ()
    bad_ignores: tuple[CodePlace, ...] = ()
    errors: tuple[RuleError, ...] = ()
    missed: tuple[Missed, ...] = ()
    below: int = 0
    rules: int = 0
    workflows: int = 0
    activities: int = 0
    fail_on: Certainty = Certainty.LIKELY
    seconds: float = 0.0

    @property
    def failing(self) -> tuple[AuditFinding, ...]:
        """Return the findings that are sure enough to fail the audit."""
        return tuple(finding for finding in self.findings if finding.certainty.rank >= self.fail_on.rank)

    @property
    def unread(self) -> tuple[FileReport, ...]:
        """Return the files that should have been audited and could not be."""
        return tuple(report for report in self.files if report.reason and not report.elsewhere)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return why finding nothing would prove nothing, one line for each reason."""
        return tuple(self._unknown())

    def _unknown(self) -> Iterator[str]:
        read = sum(1 for report in self.files if not report.reason)
        if not read and not self.unread:
            yield "there is no Python file and no history, or all are excluded"
        if not self.rules:
            yield "no rule was asked"
        elif read and not (self.workflows or self.activities):
            yield f"no workflow and no activity was found in {read} file{'s' * (read != 1)}"
        if unread := len(self.unread):
            yield f"{unread} file{'s' * (unread != 1)} could not be audited"
        if self.errors:
            named = ", ".join(dict.fromkeys(each.rule or "all rules" for each in self.errors))
            yield f"{named} could not be judged everywhere"

    @property
    def outcome(self) -> Outcome:
        """Return FAIL for findings that are sure enough, UNKNOWN where that none was found proves nothing."""
        if self.failing:
            return Outcome.FAIL
        return Outcome.UNKNOWN if self.unknown else Outcome.PASS
