"""What many histories show becomes one finding of each kind, which tells how many of them show it."""

from __future__ import annotations

from harness.audit.histories import HistoryFacts, audited, look
from harness.records.audit_result import AuditResult
from harness.records.evidence import History
from tests.unit.audit.histories.recorded import Writer, application
from tests.unit.audit.histories.recorded_activities import (
    BOUNDED,
    nothing_wrong,
    one_activity,
    unlimited_and_retried,
    unlimited_and_retried_for_long,
)


def told(*histories: History) -> AuditResult:
    return audited(look(each, file=f"histories/{number}.json") for number, each in enumerate(histories, start=1))


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
