"""Decisions are stored and read back, and their digests are equal where the same was decided."""

from __future__ import annotations

from pathlib import Path

from harness.replay.compare.decisions import DecisionsFile, decision_digests, read_decisions
from harness.temporal.command import Command, TaskDecisions
from tests.replay.past import told


def decided(*commands: Command, failure: str = "") -> TaskDecisions:
    return TaskDecisions(started_event_id=3, commands=commands, failure=failure)


def activity(**fields: object) -> Command:
    return Command(kind="ScheduleActivityTask", fields={"activityType": "book", **fields})


def digest(*commands: Command, failure: str = "") -> str:
    return decision_digests([decided(*commands, failure=failure)])[3]


def test_decisions_come_back_from_where_they_are_stored(tmp_path: Path) -> None:
    file = DecisionsFile(tmp_path / "decisions")
    first, second = [decided(activity())], [decided(activity(), activity(activityId="2")), decided(failure="no")]
    stored = [file.keep(first), file.keep(second)]
    assert [list(read_decisions(each)) for each in stored] == [first, second]


def test_a_file_of_decisions_is_continued(tmp_path: Path) -> None:
    DecisionsFile(tmp_path / "decisions").keep([decided(activity())])
    stored = DecisionsFile(tmp_path / "decisions").keep([decided(failure="no")])
    assert read_decisions(stored) == (decided(failure="no"),)


def test_digests_tell_decisions_apart_but_for_what_is_new_each_time() -> None:
    assert digest(activity()) == digest(
        Command(kind="ScheduleActivityTask", fields={"activityType": "book"}, line="w.py:1")
    )
    assert digest(activity()) != digest(activity(activityId="2")) != digest()
    assert digest(failure="no") == digest(failure="no, at 12:00") != digest()
    assert digest(activity(**{"header._tracer-data": told("one")})) == digest(activity())
    one, other = (told(None, text=text, encoding="binary/encrypted") for text in ("nonce-1", "nonce-2"))
    assert digest(activity(**{"input.0": one})) == digest(activity(**{"input.0": other}))


def test_a_task_that_took_too_long_has_no_digest() -> None:
    assert decision_digests([decided(failure="[TMPRL1101] Potential deadlock detected")]) == {}
