"""The audit of histories: each rule finds what a history shows, and is silent on its look-alike."""

from __future__ import annotations

import pytest

from harness.audit.histories import audited, look
from harness.histories.formats import as_record, load
from harness.records.audit_result import AuditResult
from harness.records.evidence import History
from tests import TESTS
from tests.unit.audit.histories import recorded_runs
from tests.unit.audit.histories.recorded_activities import (
    CASES,
    CERTAIN,
)

assert recorded_runs  # its histories are among the cases


def told(*histories: History) -> AuditResult:
    return audited(look(each, file=f"histories/{number}.json") for number, each in enumerate(histories, start=1))


@pytest.mark.parametrize("name", CASES)
def test_a_history_shows_exactly_what_is_wrong_in_it(name: str) -> None:
    made, expected = CASES[name]
    found = told(made()).findings
    assert {(each.rule, each.certainty) for each in found} == expected, [each.message for each in found]


def test_histories_of_a_real_server_are_read() -> None:
    folder = TESTS / "replay" / "histories"
    seen = [look(as_record(load(file)), file=file.name) for file in sorted(folder.glob("*.json"))]
    found = audited(seen)
    assert all(each.lines for each in found.files)
    assert {each.rule for each in found.findings} >= {"CP403"}
    assert not [each.message for each in found.findings if each.certainty is CERTAIN]
