"""When the work of a trial was closed, on the clock of its tape."""

from __future__ import annotations

from math import inf

from harness.checks.attempts import requests
from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTaskCompleted
from harness.records.point import GOODBYE
from harness.records.tape import Entry, executed
from harness.temporal import event as events

_CLOSING = ("CompleteWorkflowExecution", "FailWorkflowExecution", "CancelWorkflowExecution")


def closed_at(evidence: Evidence) -> float:
    """Return when the last execution of the work closed; infinity where one is open, or is no workflow."""
    return evidence.view(_closed_at)


def sent_while_open(evidence: Evidence) -> list[Entry]:
    """Return the tape without the messages that were sent once all work had closed: no strike at them meets any.

    A program that starts its own work still sends some as it ends. What its worker says as goodbye stays: it may come
    before the news of the close.
    """
    closed, asked = closed_at(evidence), requests(evidence.tape)
    return [
        entry
        for entry in evidence.tape
        if entry.kind == "act" or entry.operation == GOODBYE or asked.get(entry.message, entry).at <= closed
    ]


def _closed_at(evidence: Evidence) -> float:
    close = events.root_close(evidence)
    if close is None:
        return inf
    # Events are ahead of the tape where time is skipped: the message that closed the workflow is the one to ask.
    return _closing_message(evidence) if evidence.skips_time else events.at(close)


def _closing_message(evidence: Evidence) -> float:
    """Return when the commands that closed the workflow were executed, by the tape; infinity where it does not show."""
    runs = {history.run_id for one in evidence.executions for history in one.roots[-1:]}
    asked = requests(evidence.tape)
    closed = [
        reply.at
        for reply in executed(evidence.tape, door="wire", operation="RespondWorkflowTaskCompleted")
        if reply.status == "OK" and reply.run_id in runs
        if (decided := asked.get(reply.message, reply).facts_as(WorkflowTaskCompleted)) is not None
        if not set(_CLOSING).isdisjoint(decided.commands)
    ]
    return max(closed, default=inf)
