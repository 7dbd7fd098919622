"""Workflow code asks its process or machine: environment, arguments, platform, locale, local time zone."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.analysis.forbidden_uses import forbidden
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def process_state(project: Project) -> Iterator[AuditFinding]:
    """Yield reads of what differs between worker processes."""
    return forbidden(project, "CP103", "it differs between the machines and deployments that may replay the workflow")


RULES = (
    Rule(
        id="CP103",
        name="process-state-in-workflow",
        title="Workflow code must not depend on the process or machine that runs it.",
        why="The worker that replays may be another one: another machine, another deployment, another time zone. What"
        " the environment, the command line, the platform or the local time zone decided is then decided otherwise.",
        evidence="The sandbox stops os.environ and platform. It does not stop sys.*, datetime.fromtimestamp and"
        " astimezone in the local zone, time.ctime, os.stat, posix.environ or importlib.metadata (measured with"
        " temporalio 1.35).",
        fix="Pass settings as arguments of the workflow, or read them in an activity; give an explicit time zone.",
        bad='model = os.environ["MODEL"]',
        right="model = request.model",
        certainty=Certainty.CERTAIN,
        judge=process_state,
    ),
)
