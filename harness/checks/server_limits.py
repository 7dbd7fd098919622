"""Limits of the server: a workflow that is too large for it is terminated, or can decide nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.checks import showing
from harness.checks.check import NothingToLookAt, check
from harness.records.activity_account import recorded, why_no_history
from harness.records.evidence import Evidence, History
from harness.records.verdict import Finding
from harness.temporal import event as events

SERVER_ITSELF = "history-service"
"""The identity under which the server terminates a workflow of its own accord."""

BY_PARENT = "by parent close policy"
"""The reason with which it terminates the child of a parent that has ended: no limit."""

TOO_LARGE = ("GRPC_MESSAGE_TOO_LARGE", "PAYLOADS_TOO_LARGE")
"""Causes of workflow tasks that fail because what they decide is too large to be sent."""


@check(
    "within-server-limits",
    why="The server gives up a workflow that is too large: it ends at once, no handler runs, and nothing is undone.",
    fix="Keep large texts in a store and pass references; ask for fewer activities in one workflow task, and continue "
    "as new before the history grows too long.",
)
def within_server_limits(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No workflow is terminated by the server itself, and none fails to send what it decides, for its size."""
    if not any(history.events for history in recorded(evidence)):
        raise NothingToLookAt(why_no_history(evidence) or "there is no history")
    for history in recorded(evidence):
        close, failed = terminated_by_server(history), _too_large(history)
        if close is not None:
            reason = str(events.attributes(close).get("reason", "")) or "without a reason"
            words = f"{history.path} was terminated by the server: {reason}"
        elif failed is not None:
            words = f"{history.path} decided more than one message may hold: its workflow task failed"
        else:
            continue
        shown = tuple(showing.event(event) for event in (failed, close) if event is not None)
        yield Finding(check="within-server-limits", subject=history.path, message=words, evidence=shown)


def terminated_by_server(history: History) -> dict[str, Any] | None:
    """Return the event with which the server itself terminated a run for a limit of its own, or None."""
    close = events.close_of(history)
    if close is None or events.kind(close) != "WORKFLOW_EXECUTION_TERMINATED":
        return None
    terminated = events.attributes(close)
    return close if terminated.get("identity") == SERVER_ITSELF and terminated.get("reason") != BY_PARENT else None


def _too_large(history: History) -> dict[str, Any] | None:
    failed = history.of_type("WORKFLOW_TASK_FAILED")
    return next((event for event in failed if str(events.attributes(event).get("cause", "")).endswith(TOO_LARGE)), None)
