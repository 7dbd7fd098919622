"""Findings are folded where they have one cause in one trial, and only there."""

from __future__ import annotations

from dataclasses import replace

from harness.records.verdict import Finding, Outcome, Severity
from harness.report.sweep.folding import blocks
from harness.report.sweep.source import findings_of
from tests.unit.report.samples import KILL, TWICE, swept, truncated, verdict


def folded(*findings: Finding) -> list[list[str]]:
    found = findings_of(swept(verdict("9f3a2c", KILL, Outcome.FAIL, *findings)))
    return [[member.details["subject"] for member in block.members] for block in blocks(found)]


def test_what_the_same_call_led_to_is_one_block_told_by_its_first_finding() -> None:
    assert folded(*truncated()) == [["plan", "the result of plan", "effect note", "the result of TripAgent"]]


def test_other_checks_and_other_entries_are_blocks_of_their_own() -> None:
    same_check = replace(TWICE, subject="mail", evidence=(replace(TWICE.evidence[0], at="12:00:04.000"),))
    other_check = replace(TWICE, check="effect-key-stable", subject="key")
    assert folded(TWICE, same_check, other_check) == [["charge"], ["mail"], ["key"]]


def test_the_same_time_in_another_process_is_another_entry() -> None:
    other = replace(TWICE, subject="mail", evidence=(replace(TWICE.evidence[0], source="worker 22871"),))
    assert folded(TWICE, other) == [["charge"], ["mail"]]


def test_findings_without_evidence_are_not_taken_for_one() -> None:
    first, second = Finding(check="c", message="m", subject="a"), Finding(check="c", message="m", subject="b")
    assert folded(first, second) == [["a"], ["b"]]


def test_findings_of_different_trials_stay_apart_though_their_lines_are_the_same() -> None:
    mail = replace(TWICE, subject="mail")
    both = swept(verdict("9f3a2c", KILL, Outcome.FAIL, TWICE), verdict("77aa01", KILL, Outcome.FAIL, mail))
    found = findings_of(both)
    assert [len(block.members) for block in blocks(found)] == [1, 1]
    assert [block.first.trial for block in blocks(found)] == ["9f3a2c", "77aa01"]


def test_what_became_of_the_trial_is_told_with_what_went_wrong_in_it() -> None:
    stuck = Finding(check="workflow-ends-as-baseline", message="did not end in time", subject="end")
    open_still = Finding(check="gives-up-cleanly", message="was not given up", subject="open")
    mild = replace(TWICE, subject="mild", severity=Severity.RISKY)
    assert folded(stuck, TWICE, open_still) == [["charge", "end", "open"]]
    assert folded(stuck, open_still) == [["end", "open"]]
    assert folded(stuck, mild) == [["end"], ["mild"]]


def test_without_a_strike_nothing_is_taken_for_a_consequence() -> None:
    stuck = Finding(check="workflow-ends-as-baseline", message="did not end in time", subject="end")
    found = findings_of(swept(verdict("1a2b3c", "baseline", Outcome.FAIL, TWICE, stuck)))
    assert len(blocks(found)) == 2
