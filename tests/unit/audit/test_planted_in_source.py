"""What is planted in the agents of ``scenarios/broken`` is found by reading them, as far as reading can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit.audit import audit
from harness.records.audit_result import AuditResult
from tests import ROOT

AGENTS = ROOT / "scenarios" / "broken" / "agents"

FOUND = {
    "approval_as_published": {"CP205", "CP208", "CP305", "CP306", "CP404"},
    "approvals": {"CP203", "CP205", "CP206", "CP208"},
    "as_published": {"CP209", "CP303", "CP305", "CP306", "CP403", "CP407"},
    "bad_request_retried": {"CP407"},
    "beats_hide_hang": {"CP319"},
    "checkpoint_ignored": {"CP308"},
    "checkpoint_off_by_one": {"CP312"},
    "client_retries": {"CP305"},
    "conversation_in_memory": {"CP310"},
    "cut_answer_accepted": {"CP313"},
    "deadlines": {"CP101"},
    "draft_in_memory": {"CP310"},
    "early_approval_lost": {"CP205"},
    "effect_without_key": {"CP306"},
    "endless_retry": {"CP403"},
    "error_as_answer": {"CP311"},
    "fallback_by_wall_clock": {"CP101"},
    "form_asked_for_ever": {"CP403"},
    "key_per_attempt": {"CP306"},
    "key_shared": {"CP306"},
    "local_effect_without_key": {"CP306"},
    "memory_deduplication": {"CP306"},
    "misspelt_error": {"CP404"},
    "outage_without_end": {"CP403"},
    "plain_error_in_workflow": {"CP208"},
    "quota_retried": {"CP407"},
    "reply_lost_new_key": {"CP306"},
    "retry_after_ignored": {"CP314"},
    "retry_after_seconds_only": {"CP314"},
    "retry_in_retry": {"CP305"},
    "set_order": {"CP106"},
    "slow_beats": {"CP309"},
    "tool_loop_without_end": {"CP601", "CP602"},
    "zombie_overwrites": {"CP306"},
}
"""By agent, the rules that find what is wrong with it."""

NOT_IN_THE_SOURCE = {
    "breaker_in_memory": "what a process remembers may be a cache, and here nothing is returned from it",
    "child_left_running": "that nobody tells the reminder is wrong only because of what the two workflows are for",
    "cut_stream_accepted": "no rule knows what a stream says last",
    "json_in_workflow": "what comes from an activity may be JSON of the agent's own",
    "length_accepted": "no rule asks for the finish reason",
    "refusal_as_answer": "a refusal is a text of the model like any other",
    "timeout_unexpected": "no rule knows which errors an activity may end with",
    "reservation_left": "which effect undoes another is known to the people who wrote them",
    "tool_run_twice": "that two calls of a tool may have one id is not in the code",
}
"""Agents whose bug lies in what they are meant to do, or in what a model may answer, and not in what is written."""

NOT_BY_NAME = {
    "first_version": "nothing is wrong before the next version comes",
    "logs_for_nobody": "which ids a line carries is a matter of how logging is set up",
    "metrics_stand_still": "what a worker serves is seen where it is scraped",
    "no_breaker": "that an outage is asked again for each question is wrong only where there are many",
    "second_version": "what was named otherwise before is in the code before it",
    "side_by_side": "what a class or a default remembers may be meant for all",
    "started_twice_pays_twice": "two starts under ids of their own are right where they are two orders",
}
"""The like, in whose files several scenarios have their agents, or whose scenarios have other names."""


@pytest.fixture(scope="module")
def told() -> AuditResult:
    return audit([ROOT / "scenarios" / "broken"], jobs=1)


def by_agent(told: AuditResult) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in told.findings:
        found.setdefault(Path(finding.place.file).stem, set()).add(finding.rule)
    return found


def test_every_planted_bug_is_found_or_it_is_said_why_not() -> None:
    planted = {path.stem for path in AGENTS.glob("*.py") if not path.stem.startswith(("right_", "__"))}
    assert planted == FOUND.keys() | NOT_IN_THE_SOURCE.keys() | NOT_BY_NAME.keys()


def test_each_is_found_by_its_rules_and_no_other_is_blamed(told: AuditResult) -> None:
    assert [error.message for error in told.errors] == []
    assert by_agent(told) == FOUND


def test_the_reference_agent_and_the_shapes_are_clean() -> None:
    told = audit([ROOT / "scenarios" / "research", ROOT / "scenarios" / "shapes"], jobs=1)
    assert told.workflows >= 5
    assert [(finding.rule, finding.place.file, finding.place.line) for finding in told.findings] == []


def test_a_missing_key_is_told_at_the_call_that_leaves_it_out_with_the_way_to_the_request(told: AuditResult) -> None:
    (finding,) = (one for one in told.findings if one.place.file.endswith("/effect_without_key.py"))
    assert finding.certainty == "likely"
    assert finding.workflow == "charge"
    assert finding.place.function == "charge"
    assert "without an idempotency key" in finding.message
    assert any("plumbing.py" in line for line in finding.evidence)


def test_the_published_agent_is_told_of_the_policy_that_it_defines_and_does_not_use(told: AuditResult) -> None:
    (finding,) = (one for one in told.findings if one.rule == "CP403" and one.place.file.endswith("as_published.py"))
    assert finding.message.endswith("RETRY_POLICY in line 21 is passed to nobody: retry_policy=RETRY_POLICY.")
