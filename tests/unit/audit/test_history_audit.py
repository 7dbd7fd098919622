"""The audit of histories: each rule finds what a history shows, and is silent on its look-alike."""

from __future__ import annotations

import pytest

from harness.audit.histories import RECORDED, HistoryFacts, audited, explained, look
from harness.audit.histories.catalogue import ALSO
from harness.audit.rules import RULES
from harness.histories.formats import as_record, load
from harness.records.audit_result import AuditResult
from harness.records.evidence import History
from tests import TESTS
from tests.unit.audit import recorded_runs
from tests.unit.audit.recorded import Writer, application
from tests.unit.audit.recorded_activities import (
    BOUNDED,
    CASES,
    CERTAIN,
    nothing_wrong,
    one_activity,
    unlimited_and_retried,
    unlimited_and_retried_for_long,
)

assert recorded_runs  # its histories are among the cases


def told(*histories: History) -> AuditResult:
    return audited(look(each, file=f"histories/{number}.json") for number, each in enumerate(histories, start=1))


@pytest.mark.parametrize("name", CASES)
def test_a_history_shows_exactly_what_is_wrong_in_it(name: str) -> None:
    made, expected = CASES[name]
    found = told(made()).findings
    assert {(each.rule, each.severity) for each in found} == expected, [each.message for each in found]


def test_every_rule_on_histories_finds_something() -> None:
    shown = {rule for _, found in CASES.values() for rule, _ in found}
    assert shown == {*ALSO, *(rule.id for rule in RECORDED)}


def test_rules_on_histories_are_explained_beside_those_on_code() -> None:
    rules = [rule.id for rule in explained(RULES)]
    assert rules == sorted(set(rules))
    assert {*ALSO, "CP701", "CP702"} <= set(rules)


def test_many_histories_make_one_finding_which_tells_how_many_show_it() -> None:
    histories = [unlimited_and_retried()] * 7 + [unlimited_and_retried_for_long(), nothing_wrong()]
    (finding,) = told(*histories).findings
    assert finding.message == (
        "'ask' is retried without end: neither maximum_attempts nor schedule_to_close_timeout is declared; it took 17 "
        "attempts here, the last error was ValueError. An error that no retry heals keeps the workflow open for ever. "
        "Seen in 8 of 9 histories of Agent. Pass schedule_to_close_timeout, or maximum_attempts."
    )
    assert (finding.place.file, finding.place.line, finding.place.function, finding.place.what) == (
        "histories/8.json",
        1,
        "Agent",
        "event 5",
    )
    assert finding.evidence == (
        *(f"histories/{number}.json: event 5" for number in range(1, 6)),
        "and 3 more histories",
    )


def test_a_finding_is_the_same_when_a_history_that_shows_it_better_is_captured() -> None:
    (few,) = told(unlimited_and_retried()).findings
    (more,) = told(unlimited_and_retried(), unlimited_and_retried_for_long()).findings
    assert few.place.file != more.place.file
    assert few.fingerprint == more.fingerprint


def test_a_name_is_judged_by_the_failures_of_all_histories() -> None:
    listed = one_activity(retry={"maximumAttempts": 3, "nonRetryableErrorTypes": ["InvaildInput"]})
    failed = one_activity(attempt=2, after=application("InvalidInput"), **BOUNDED)
    assert [each.rule for each in told(listed).findings] == []
    assert [each.rule for each in told(listed, failed).findings] == ["CP404"]


def test_types_of_workflows_are_told_apart() -> None:
    one, other = Writer("One"), Writer("Other")
    for writer in (one, other):
        writer.task()
        writer.scheduled()
    found = told(one.history, other.history)
    assert [each.workflow for each in found.findings] == ["One", "Other"]
    assert (found.workflows, found.activities, [each.lines for each in found.files]) == (2, 1, [5, 5])


def test_a_file_that_cannot_be_read_is_told_among_the_files() -> None:
    found = audited([HistoryFacts(file="broken.json", reason="it holds no history")])
    assert [(each.file, each.reason) for each in found.files] == [("broken.json", "it holds no history")]
    assert found.findings == ()


def test_histories_of_a_real_server_are_read() -> None:
    folder = TESTS / "replay" / "histories"
    seen = [look(as_record(load(file)), file=file.name) for file in sorted(folder.glob("*.json"))]
    found = audited(seen)
    assert all(each.lines for each in found.files)
    assert {each.rule for each in found.findings} >= {"CP403"}
    assert not [each.message for each in found.findings if each.severity is CERTAIN]
