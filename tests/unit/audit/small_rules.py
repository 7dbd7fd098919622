"""Rules made for tests, and code that they find something in."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from tests.unit.audit.source_files import agent


def rule(id: str, judge: object) -> Rule:
    texts = dict.fromkeys(("name", "title", "why", "evidence", "fix", "bad", "right"), "")
    return Rule(id=id, certainty=Certainty.CERTAIN, judge=judge, **texts)  # type: ignore[arg-type]


def finds_clocks(project: Project) -> Iterator[AuditFinding]:
    for reached in project.reached():
        for call in project.calls(reached):
            if project.called_name(call, reached) == "time.time":
                yield project.finding("CP901", call, "the clock", certainty=Certainty.CERTAIN, reached=reached)


def raises(project: Project) -> Iterator[AuditFinding]:
    raise LookupError(f"lost\nin {len(project.modules)} module")
    yield


CLOCK, RAISES = rule("CP901", finds_clocks), rule("CP902", raises)

CODE = {
    "app/__init__.py": "",
    "app/clock.py": "import time\n\ndef pick():\n    return time.time()\n",
    "app/agents.py": agent("return pick()", top="from app.clock import pick"),
}
