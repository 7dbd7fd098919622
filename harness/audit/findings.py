"""What rules tell, under the name that rules know: the records are those of harness.audited."""

from __future__ import annotations

from harness.audited import Audited as Audited
from harness.audited import AuditFinding as AuditFinding
from harness.audited import FileReport as FileReport
from harness.audited import Place as Place
from harness.audited import RuleError as RuleError
from harness.audited import Severity as Severity
from harness.audited import Unresolved as Unresolved
