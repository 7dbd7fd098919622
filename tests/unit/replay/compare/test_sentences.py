"""Sentences about differences: from the recorded decision, and between two replays."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import pytest

from harness.records.replay_result import Difference
from harness.replay.compare.sentences import about, apart, changed, first_line, listed_causes, named, shown
from harness.temporal.command import Command


def difference(field: str, old: Any, new: Any, note: str = "") -> Difference:
    return Difference(
        event_id=5, workflow_task=3, kind="StartTimer", subject="1", field=field, old=old, new=new, note=note
    )


@pytest.mark.parametrize(
    ("field", "old", "new", "recorded", "replays"),
    [
        (
            "startToFireTimeout",
            5.0,
            6.0,
            "startToFireTimeout was 5.0, is 6.0",
            "startToFireTimeout is 5.0, and 6.0 later",
        ),
        ("input.0", None, "x", 'input.0 was nothing, is "x"', 'input.0 is nothing, and "x" later'),
        ("command", None, "StartTimer 1", "StartTimer 1 was not recorded", "StartTimer 1 comes later alone"),
        (
            "command",
            "StartTimer 1",
            None,
            "StartTimer 1 was recorded, and does not come",
            "StartTimer 1 does not come later",
        ),
        (
            "outcome",
            None,
            "no\nmore",
            "the workflow task of event 3 no, and completed before",
            "the workflow task of event 3 completes, and fails with no later",
        ),
    ],
)
def test_a_difference_is_said_against_the_recording_and_between_replays(
    field: str, old: Any, new: Any, recorded: str, replays: str
) -> None:
    assert changed(difference(field, old, new)) == recorded
    assert apart(difference(field, old, new), "later") == replays


def test_a_long_value_is_cut_and_a_note_stands_behind() -> None:
    words = changed(difference("input.0", "a" * 1000, 1, note="at .a"))
    assert words.startswith('input.0 was "aaa')
    assert words.endswith(", is 1 (at .a)")
    assert len(words) < 200
    several = replace(difference("input.0", 0, 1, note="at .n0"), places=tuple(f".n{number}" for number in range(12)))
    assert changed(several).endswith("(at .n0, and at .n1, .n2, .n3, .n4, .n5, .n6, .n7, .n8, .n9 and 2 more)")


def test_names_of_commands_and_causes() -> None:
    assert about(difference("f", 1, 2)) == "StartTimer 1"
    assert named(Command(kind="ScheduleActivityTask", fields={"activityType": "book", "activityId": "7"})) == (
        "ScheduleActivityTask book"
    )
    assert named(None) == ""
    assert listed_causes(["process"]) == "what its process has run before"
    assert listed_causes(["hash seed", "time zone", "locale"]) == "the hash seed, the time zone and the locale"
    assert first_line("\n one\ntwo") == "one"


def test_values_are_shown_short() -> None:
    assert shown(None) == "nothing"
    assert shown("a\nb") == '"a\\nb"'
    assert shown({"a": "ä"}) == '{"a": "ä"}'
    assert len(changed(difference("input.0", "x" * 10_000, "y"))) < 400


def test_report_cases_long_values_are_shown_where_they_differ() -> None:
    old, new = ({"messages": [{"text": "a" * 900 + each}]} for each in ("left", "right"))
    narrow = dataclasses.replace(difference("input.0", old, new), places=(".messages[0].text",))
    words = changed(narrow)
    assert words.startswith("input.0.messages[0].text was … aaa")
    assert "aaaleft" in words
    assert "aaaright" in words
    assert len(words) < 400
    assert apart(narrow, "later").startswith("input.0.messages[0].text is … aaa")


def test_report_cases_what_is_new_or_gone_in_a_value_is_shown_there() -> None:
    more = dataclasses.replace(difference("input.0", {"a": 1}, {"a": 1, "b": 2}), places=(".b",))
    assert changed(more) == "input.0.b was nothing, is 2"


def test_report_cases_a_dict_where_an_object_was_expected_leads_to_its_type() -> None:
    failed = difference("outcome", None, "failed: AttributeError: 'dict' object has no attribute 'city'")
    assert "give the type of it, with result_type=" in changed(failed)
    assert "result_type" not in changed(difference("outcome", None, "failed: 'Trip' object has no attribute 'city'"))
