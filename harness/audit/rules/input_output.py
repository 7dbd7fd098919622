"""Workflow code reads or writes files, calls models, databases or other services, or starts processes."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.analysis.forbidden_uses import forbidden
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def io(project: Project) -> Iterator[AuditFinding]:
    """Yield input and output of workflow code."""
    return forbidden(project, "CP104", "its answer is not in the history, so every replay does it again")


RULES = (
    Rule(
        id="CP104",
        name="io-in-workflow",
        title="Workflow code must not do input or output.",
        why="What workflow code does is done again in every replay: the model is asked and paid again, the file is"
        " written again, and the answer may be another one. Nothing of it is in the history, nothing is retried or"
        " timed out.",
        evidence="The sandbox stops open, pathlib, socket, subprocess and urllib outside of passed-through modules. It"
        " does not stop io.open or sqlite3, and clients such as openai or httpx are usually passed through.",
        fix="Move it into an activity and await workflow.execute_activity().",
        bad="answer = await client.chat.completions.create(model=model, messages=messages)",
        right="answer = await workflow.execute_activity(ask_model, messages,"
        " start_to_close_timeout=timedelta(minutes=1))",
        certainty=Certainty.CERTAIN,
        judge=io,
    ),
)
