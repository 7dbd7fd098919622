"""A rule of the audit: one property of the code, why it matters, and the function that finds where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records.audit_result import AuditFinding, Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: As ignored and reported: ``CP`` and three digits.
        name: In words joined by hyphens, for people.
        title: What it forbids, in one line.
        why: What happens otherwise, in a few sentences.
        evidence: The measured fact or Temporal's promise that it rests on.
        fix: What to write instead.
        bad: Short code that breaks it.
        right: The same code, right.
        severity: Of its findings as a rule; single findings may be less sure.
        judge: Yields the findings in a project.
    """

    id: str
    name: str
    title: str
    why: str
    evidence: str
    fix: str
    bad: str
    right: str
    severity: Severity
    judge: Callable[[Project], Iterator[AuditFinding]]
