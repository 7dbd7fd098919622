"""A query that fails whenever it is asked is a finding; one that nobody was there to answer is none."""

from __future__ import annotations

from harness.records.evidence import Evidence

from .build import Story, nothing, only_finding, passes

NAME = "queries-answered"
FAILED = "WorkflowQueryFailedError: While in read-only function, action attempted: random"


def asked(*failures: str) -> Evidence:
    story = Story()
    for failure in failures:
        story.act("query", name="status", args=[], workflow_id="agent", failure=failure)
    return story.close().evidence()


def test_query_that_always_fails() -> None:
    finding = only_finding(NAME, asked(FAILED, FAILED))
    assert finding.message == (
        "query status failed 2 times, whenever it was asked: While in read-only function, action attempted: random"
    )


def test_query_that_is_answered_later_or_that_no_worker_could_answer() -> None:
    passes(NAME, asked(FAILED, ""))
    passes(NAME, asked("RPCError: Timeout expired"))
    assert nothing(NAME, asked()) == "no query was sent"
