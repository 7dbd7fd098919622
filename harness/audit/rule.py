"""A rule of the audit: one property of the code, why it matters, and the function that finds where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records.audit_result import AuditFinding, RuleText

if TYPE_CHECKING:
    from harness.audit.code.project import Project


@dataclass(frozen=True, kw_only=True)
class Rule(RuleText):
    """One rule: what it says for people, and how code is judged by it.

    Attributes:
        judge: Yields the findings in a project.
    """

    judge: Callable[[Project], Iterator[AuditFinding]]
