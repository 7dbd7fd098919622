"""Workflow code blocks its thread, or leaves it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.analysis.forbidden_uses import forbidden
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def threads(project: Project) -> Iterator[AuditFinding]:
    """Yield blocking waits, threads, processes and other event loops of workflow code."""
    return forbidden(project, "CP105", "it blocks or leaves the thread that the workflow's event loop runs on")


RULES = (
    Rule(
        id="CP105",
        name="blocking-or-threads-in-workflow",
        title="Workflow code must not block, nor use threads, processes or other event loops.",
        why="Workflow code runs on an event loop of its own that must give way within two seconds; a blocking call"
        " ends in a deadlock error and the workflow task fails. What another thread does comes at another moment in"
        " every replay.",
        evidence="TMPRL1101 after two seconds without giving way. The sandbox stops threading, multiprocessing and"
        " concurrent.futures outside of passed-through modules; it does not stop _thread or requests.",
        fix="Wait with workflow.sleep() or asyncio.sleep(), run coroutines with asyncio.create_task(), and move"
        " blocking work into an activity.",
        bad="time.sleep(60)",
        right="await workflow.sleep(timedelta(minutes=1))",
        certainty=Certainty.CERTAIN,
        judge=threads,
    ),
)
