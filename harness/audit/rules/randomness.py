"""Workflow code draws random values that the process makes, not the history."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.analysis.forbidden_uses import forbidden
from harness.audit.analysis.package_calls import of_packages
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def randomness(project: Project) -> Iterator[AuditFinding]:
    """Yield random values that differ from replay to replay."""
    yield from forbidden(project, "CP102", "a replay draws another value")
    yield from of_packages(project, "CP102")


RULES = (
    Rule(
        id="CP102",
        name="randomness-in-workflow",
        title="Workflow code must not draw random values of its process.",
        why="A replay draws other values: another model is asked, another key is sent, another branch is taken. An"
        " idempotency key made this way is a new one after every crash, and the effect happens twice.",
        evidence="The sandbox stops random.random and its siblings, secrets, uuid1 and uuid4 outside of passed-through"
        " modules. It does not stop random.Random(), SystemRandom(), uuid.getnode or email.utils.make_msgid (measured"
        " with temporalio 1.35).",
        fix="Use workflow.random() and workflow.uuid4(), which are seeded from the run, or random.Random(seed).",
        bad="key = str(uuid.uuid4())",
        right="key = str(workflow.uuid4())",
        certainty=Certainty.CERTAIN,
        judge=randomness,
    ),
)
