"""Queries: what is asked of a workflow is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks import showing
from harness.checks.check import NothingToLookAt, check
from harness.records.act_facts import ClientCall
from harness.records.evidence import Evidence
from harness.records.tape import Entry, acts
from harness.records.verdict import Finding

_REFUSED = "WorkflowQueryFailedError"


@check(
    "queries-answered",
    why="A query that always fails tells nobody anything, and nobody notices until it is needed.",
    fix="Let the handler read the workflow's state and nothing else: no randomness, no command, no waiting.",
)
def queries_answered(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A query is answered: its handler does not fail every time.

    A query that no worker was there to answer says nothing about the workflow.
    """
    asked: dict[str, list[tuple[Entry, ClientCall]]] = {}
    for entry in acts(evidence.tape, "query"):
        if call := entry.facts_as(ClientCall):
            asked.setdefault(call.name, []).append((entry, call))
    if not asked:
        raise NothingToLookAt("no query was sent")
    for name, calls in asked.items():
        failed = [(entry, call) for entry, call in calls if call.failure.startswith(_REFUSED)]
        if len(failed) == len(calls):
            reason = failed[0][1].failure.partition(": ")[2] or failed[0][1].failure
            words = f"query {name} failed {showing.times(len(calls))}, whenever it was asked: {reason[:300]}"
            shown = showing.entries(evidence, [entry for entry, _ in failed], saying="{operation}")
            yield Finding(check="queries-answered", subject=f"query {name}", message=words, evidence=shown)
