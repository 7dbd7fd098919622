"""A trial is drawn in lanes: what happened when, in which process and attempt, and what the finding names."""

from __future__ import annotations

from dataclasses import replace

from harness.records.evidence import Evidence
from harness.records.verdict import EvidenceEntry
from harness.report.html.timeline import WIDTH, Timeline, timeline_of
from tests.unit.checks.build import Story, killed


def charged_twice() -> Story:
    """Return the story of a charge whose worker process was killed before it could tell, so that it happened again."""
    story = killed()
    task = story.activity("charge")
    story.effect("charge", {"order": 17}, task=task)
    story.complete(task, executed=False)
    story.strike().drop()
    story.wait(60)
    story.effect("charge", {"order": 17}, task=story.again(task))
    return story.complete(replace(task, attempt=2, worker=2)).close()


def drawn(evidence: Evidence, *shown: EvidenceEntry) -> Timeline:
    line = timeline_of(evidence, anchor="t0", shown_by=shown)
    assert line is not None
    return line


def test_every_process_and_attempt_has_a_lane_and_a_span() -> None:
    line = drawn(charged_twice().evidence())
    assert [lane.name for lane in line.lanes] == [
        "server",
        "worker 1 (pid 22863)",
        "worker 2 (pid 22864)",
        "charge 1, attempt 1",
        "charge 1, attempt 2",
        "effect charge",
    ]
    attempts = {lane.name: lane.bars for lane in line.lanes if lane.name.startswith("charge")}
    assert [bar.kind for bars in attempts.values() for bar in bars] == ["lost", "attempt"]
    assert [strike.title for strike in line.strikes] == ["strike kill-worker"]


def test_rows_are_in_order_and_within_the_drawing_and_say_all_that_is_recorded() -> None:
    line = drawn(charged_twice().evidence())
    places = [row.x for row in line.rows]
    assert places == sorted(places)
    assert (places[0], round(places[-1], 6)) == (0, WIDTH)
    assert len({row.id for row in line.rows}) == len(line.rows)
    charge = next(row for row in line.rows if row.kind == "request" and row.lane == "effect charge")
    assert charge.title == "request effect.charge of charge 1, attempt 1"
    assert '"order": 17' in charge.details


def test_a_long_pause_is_drawn_short_and_told() -> None:
    line = drawn(charged_twice().evidence())
    assert [round(seconds) for _, seconds in line.pauses] == [60]
    assert round(line.seconds) == 60


def test_what_the_finding_names_stands_out_and_what_happened_twice_is_a_pair() -> None:
    evidence = charged_twice().evidence()
    lines = drawn(evidence).rows
    replies = [row for row in lines if row.lane == "effect charge" and row.kind == "reply"]
    first, second = (EvidenceEntry(row.at, f"worker {pid}") for row, pid in zip(replies, (22863, 22864), strict=True))
    named = drawn(evidence, first, second)
    lane = next(lane for lane in named.lanes if lane.name == "effect charge")
    assert [(one.at, other.at) for one, other in lane.pairs] == [(first.at, second.at)]
    assert not [row for row in named.rows if row.shows and row.lane != "effect charge"]


def test_where_the_server_skips_time_its_events_have_no_place() -> None:
    line = drawn(charged_twice().evidence(skips_time=True))
    assert not [row for row in line.rows if row.kind == "event"]


def test_a_trial_that_left_nothing_has_no_timeline() -> None:
    nothing = Evidence(trial="t", scenario="s", plan=killed().plan, end="stopped")
    assert timeline_of(nothing, anchor="t0") is None


def test_a_very_long_trial_is_cut_and_says_so() -> None:
    story = Story()
    for number in range(500):
        story.effect("note", number)
    line = drawn(story.evidence())
    assert len(line.rows) == 400
    assert line.left_out > 600
