"""Accepted differences: written and read the same, in force with a reason and until their day, stale when unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.records.replay_result import Difference, Replay, ReplayedHistory, ReplayFinding
from harness.records.verdict import Outcome
from harness.replay.compare.accepted_differences import (
    AcceptedDifference,
    apply,
    load,
    merged,
    merged_path,
    save,
    without_accepted,
)
from harness.replay.compare.judging import AS_RECORDED, UNDER_EVERY_CONDITION, settled

TODAY = date(2026, 7, 1)
ENTRY = AcceptedDifference(
    workflow="Order",
    kind="ScheduleActivityTask",
    subject="book",
    field="input.0",
    old='{"to": "Gräz"}',
    new="null",
    reason='by "design"\n\\ \x7f #12',
    until=date(2026, 12, 31),
)
DIFFERENCE = Difference(
    event_id=5,
    workflow_task=3,
    kind="ScheduleActivityTask",
    subject="book",
    field="input.0",
    old={"to": "Gräz"},
    new=None,
)


def history(*differences: Difference, check: str = AS_RECORDED) -> ReplayedHistory:
    findings = tuple(
        ReplayFinding(check=check, workflow="Order", message="m", subject="s", difference=each) for each in differences
    )
    return settled(ReplayedHistory(file="one.json", workflow="Order", commands=3, findings=findings))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    for entries in ((), (ENTRY,), (replace(ENTRY, subject="a", until=None, reason=""), ENTRY)):
        save(file, entries)
        assert load(file) == entries
    assert [each.name for each in tmp_path.iterdir()] == ["accepted.toml"]
    text = file.read_text()
    assert text.startswith("# Differences from recorded histories that are accepted.")
    assert "until = 2026-12-31" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[accepted]", "is no TOML"),
        ("\xff", "is no TOML"),
        ("[[acepted]]\n", r"expected \[\[accepted\]\] tables only, found acepted"),
        ("accepted = 3\n", "found something else"),
        ("accepted = [3]\n", "entry 1: expected a table"),
        (
            "[[accepted]]\nworkflw = 'a'\n",
            r"'workflw' is no key of .* \(did you mean 'workflow'\?\)",
        ),
        ("[[accepted]]\nworkflow = 3\n", "must be a text"),
        (
            "[[accepted]]\nworkflow='a'\nkind='a'\nsubject='a'\nfield='a'\nold='1'\nnew='2'\nuntil='2026'\n",
            "until must be a date such as 2026-12-31",
        ),
        (
            "[[accepted]]\nworkflow='a'\nkind='a'\nsubject='a'\nfield='a'\nold='1'\nnew='2'\nuntil=2027-01-31T00:00:00Z\n",
            "until must be a date such as 2026-12-31",
        ),
    ],
)
def test_file_that_is_none(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=words):
        load(file)


def test_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.toml: No such file"):
        load(tmp_path / "none.toml")


def test_accepted_difference_passes_with_its_reason() -> None:
    (told,), stale = apply([history(DIFFERENCE)], [ENTRY], today=TODAY)
    assert (told.outcome, stale) == (Outcome.PASS, ())
    assert [each.accepted for each in told.findings] == [ENTRY.reason]


def test_another_difference_beside_it_fails() -> None:
    other = replace(DIFFERENCE, new={"to": "Wien"})
    (told,), _ = apply([history(DIFFERENCE, other)], [ENTRY], today=TODAY)
    assert told.outcome is Outcome.FAIL
    assert [bool(each.accepted) for each in told.findings] == [True, False]


def test_what_depends_on_a_condition_is_never_accepted() -> None:
    (told,), _ = apply([history(DIFFERENCE, check=UNDER_EVERY_CONDITION)], [ENTRY], today=TODAY)
    assert told.outcome is Outcome.FAIL
    assert merged((), [told], reason="r", until=None) == ()


def test_entry_is_in_force_on_its_last_day_and_no_longer() -> None:
    entry = replace(ENTRY, until=TODAY)
    (told,), stale = apply([history(DIFFERENCE)], [entry], today=TODAY)
    assert (told.outcome, stale) == (Outcome.PASS, ())
    (told,), stale = apply([history(DIFFERENCE)], [entry], today=date(2026, 7, 2))
    assert told.outcome is Outcome.FAIL
    assert stale == (f"accepted until 2026-07-01, which is over: {entry}",)


def test_entry_without_a_reason_is_not_in_force() -> None:
    (told,), stale = apply([history(DIFFERENCE)], [replace(ENTRY, reason="")], today=TODAY)
    assert told.outcome is Outcome.FAIL
    (line,) = stale
    assert line.startswith("not in force, no reason is given: Order ScheduleActivityTask book input.0: ")


def test_entry_that_no_history_shows_is_stale_where_its_workflow_was_replayed() -> None:
    _, stale = apply([history()], [ENTRY], today=TODAY)
    assert stale == (f"accepted, but no history shows it any more: {ENTRY}",)
    _, stale = apply([replace(history(), workflow="Other")], [ENTRY], today=TODAY)
    assert stale == ()


def test_found_differences_are_added_and_keep_the_reason_they_have() -> None:
    other = replace(DIFFERENCE, field="taskQueue", old="a", new="b")
    found = merged([ENTRY], [history(DIFFERENCE, other), history(other)], reason="", until=None)
    assert [(each.field, each.reason, each.until) for each in found] == [
        ("input.0", ENTRY.reason, ENTRY.until),
        ("taskQueue", "", None),
    ]
    again = merged(found, [history(DIFFERENCE, other)], reason="moved", until=TODAY)
    assert [(each.field, each.reason, each.until) for each in again] == [
        ("input.0", ENTRY.reason, ENTRY.until),
        ("taskQueue", "moved", TODAY),
    ]


BY_PATH = AcceptedDifference(path="activity.input[0].messages[*].sent", reason="of the framework")
SENT = replace(DIFFERENCE, places=(".messages[0].sent", ".messages[1].sent"))


def test_report_cases_a_path_is_written_with_its_reason_alone(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    for entries in ((BY_PATH,), (replace(BY_PATH, reason=""), ENTRY)):
        save(file, entries)
        assert load(file) == entries
    assert 'path = "activity.input[0].messages[*].sent"' in file.read_text()
    file.write_text("[[accepted]]\npath='activity.input[0]'\nreason='r'\nworkflow='Order'\n")
    with pytest.raises(UsageError, match="'workflow' does not belong beside path"):
        load(file)
    file.write_text("[[accepted]]\npath='input'\nreason='r'\n")
    with pytest.raises(UsageError, match="'input' is no path of a difference"):
        load(file)


@pytest.mark.parametrize("check", [AS_RECORDED, UNDER_EVERY_CONDITION])
def test_report_cases_what_lies_at_a_path_is_accepted_be_it_changed_or_different_each_time(check: str) -> None:
    (accepted,), stale = apply([history(SENT, check=check)], [BY_PATH], today=TODAY)
    assert (accepted.outcome, stale) == (Outcome.PASS, ())
    more = replace(SENT, places=(*SENT.places, ".messages[1].text"))
    (refused,), stale = apply([history(more, check=check)], [BY_PATH], today=TODAY)
    assert (refused.outcome, stale) == (Outcome.FAIL, ())  # part of what differs is at the path, so it still shows
    text = replace(BY_PATH, path="activity.input[0].messages[*].text", reason="of the model")
    (together,), stale = apply([history(more, check=check)], [BY_PATH, text], today=TODAY)
    assert (together.findings[0].accepted, stale) == ("of the framework; of the model", ())
    _, stale = apply([history(replace(SENT, places=(".text",)), check=check)], [BY_PATH], today=TODAY)
    assert stale == ("accepted, but no history shows it any more: activity.input[0].messages[*].sent",)


def test_report_cases_a_path_is_kept_once_with_its_last_reason() -> None:
    again = merged_path([ENTRY, BY_PATH], BY_PATH.path, reason="known", until=None)
    assert again == (ENTRY, replace(BY_PATH, reason="known"))


def test_report_cases_a_replay_in_a_sweep_is_told_without_what_is_accepted() -> None:
    (marked,) = history(SENT, check=UNDER_EVERY_CONDITION).findings
    replay = Replay(workflow_id="o", run_id="r", findings=(marked,), differences=(SENT, DIFFERENCE))
    left = without_accepted(replay, "Order", [BY_PATH], today=TODAY)
    assert (left.findings, left.differences) == ((), (DIFFERENCE,))
    assert without_accepted(left, ENTRY.workflow, [ENTRY], today=TODAY).differences == ()
    for nothing in ([], [replace(BY_PATH, reason="")], [replace(BY_PATH, until=date(2020, 1, 1))]):
        assert without_accepted(replay, "Order", nothing, today=TODAY) == replay
