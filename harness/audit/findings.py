"""What an audit tells: places in the code, findings, files that it could not read, calls that it could not follow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How strong the evidence is: it breaks, it will probably break, someone should look at it."""

    CERTAIN = "certain"
    LIKELY = "likely"
    LOOK = "look at it"

    @property
    def rank(self) -> int:
        """Return 2 for certain, 1 for likely, 0 for look at it."""
        return {Severity.LOOK: 0, Severity.LIKELY: 1, Severity.CERTAIN: 2}[self]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the code.

    Attributes:
        file: As the reader would open it: relative to the working directory where it is below that.
        line: From 1.
        column: From 1, in characters.
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


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    """One place that breaks durability, and how workflow or activity code gets there.

    Attributes:
        rule: Id of the rule.
        severity: How strong the evidence is.
        message: What stands where, what it leads to and what to write instead.
        place: The offending line.
        path: The steps from the entry method to the offending line: each one is the call that leads on.
        workflow: Type of the workflow (or activity) whose code it is; empty where none is.
        evidence: More places or facts that show it, one line each.
        confirmed: What confirmed it at run time, one line each.
        text: The offending line as it stands in the file; set by the audit.
        occurrence: Which one it is, from 0, of the findings that are else alike; set by the audit.
    """

    rule: str
    severity: Severity
    message: str
    place: Place
    path: tuple[Place, ...] = ()
    workflow: str = ""
    evidence: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    text: str = ""
    occurrence: int = 0

    @property
    def likeness(self) -> tuple[str, ...]:
        """Return what does not change when lines move: rule, file, function, and the line without its spaces."""
        return (self.rule, self.place.file, self.place.function, "".join(self.text.split()))

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that stay the same when lines move, or are indented otherwise."""
        told = "\n".join([*self.likeness, str(self.occurrence)])
        return hashlib.blake2s(told.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What was done with one file.

    Attributes:
        file: The file.
        reason: Why it was not audited, in one line; empty if it was.
        lines: How many lines it has; 0 if that is not known.
    """

    file: str
    reason: str = ""
    lines: int = 0


@dataclass(frozen=True, kw_only=True)
class Unresolved:
    """A call that the audit could not follow.

    Attributes:
        place: Where it stands.
        name: What is called, as written.
        why: Why it could not be followed, in one line.
    """

    place: Place
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
class Audited:
    """All that one audit tells.

    Attributes:
        findings: By file, line, column and rule.
        files: One report for each file, by name.
        unresolved: The calls of workflow code that could not be followed.
        suppressed: Findings that the code itself says to ignore, each with the reason given there.
        unused_ignores: Places of comments that ignore a finding that is not there.
        errors: Rules that raised.
        workflows: How many workflows were found.
        activities: How many activities were found.
        seconds: How long it took.
    """

    findings: tuple[AuditFinding, ...] = ()
    files: tuple[FileReport, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    suppressed: tuple[tuple[AuditFinding, str], ...] = ()
    unused_ignores: tuple[Place, ...] = ()
    errors: tuple[RuleError, ...] = ()
    workflows: int = 0
    activities: int = 0
    seconds: float = 0.0
