"""Notes: what the doors said in any trial is told, each thing once, after what always holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records.act_facts import ClientCall, DoorNotice, WorkerStarted
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.point import Point
from harness.records.scenario import Scenario, reached, start
from harness.records.start_activity import start_activity
from harness.records.tape import Entry
from harness.sweeps.notes import UNSCRIPTED, notes
from harness.sweeps.plans import chosen_faults

SCENARIO = Scenario(name="trip", worker="python worker.py", task_queue="q", work=start("TripAgent"))
UNKNOWN = "GET /v1/models is not served by crashproof's model server, which serves POST /v1/chat/completions"


def evidence(*told: str) -> Evidence:
    said = (Entry(at=1.0, kind="act", operation="notice", facts=DoorNotice(text=text)) for text in told)
    begun = Entry(at=0.0, kind="act", operation="start-worker", worker=1, facts=WorkerStarted(pid=7, start="forked"))
    return Evidence(trial="t", scenario="trip", plan=Plan(), end="closed", tape=(begun, *said))


def test_a_request_of_an_unknown_shape_is_told_once_and_last() -> None:
    told = notes(SCENARIO, options=SweepOptions(), baselines=[evidence()], notices=[UNKNOWN, UNKNOWN])
    assert told[-1] == UNKNOWN
    assert told.count(UNKNOWN) == 1
    assert told[-2].startswith("Worker processes were forked")


def test_it_is_told_which_scenario_shows_the_cold_start() -> None:
    forked = evidence()
    begun = Entry(at=0.0, kind="act", operation="start-worker", worker=1, facts=WorkerStarted(pid=6, start="cold"))
    first = [replace(forked, tape=(begun,)), forked]
    assert "except in the first baseline;" in notes(SCENARIO, options=SweepOptions(), baselines=first)[-1]
    told = notes(SCENARIO, options=SweepOptions(), baselines=[forked, forked])[-1]
    assert "except in the first baseline of another scenario of the same program;" in told


def test_trials_that_were_tried_again_are_counted_for_each_reason() -> None:
    told = notes(SCENARIO, options=SweepOptions(), baselines=[evidence()], again={"a died": 3, "b died": 1})
    assert told[-2:] == ["3 trials were tried again: a died.", "Tried again: b died."]


def test_logs_that_were_left_out_in_part_are_told() -> None:
    told = notes(SCENARIO, options=SweepOptions(), baselines=[evidence()], shortened=2)
    assert told[-1] == "The worker's logs were longer than 8 MiB in 2 trials: their middle is left out."


def test_a_run_in_real_time_says_nothing_of_acceleration() -> None:
    told = notes(SCENARIO, options=SweepOptions(real_time=True, workflows=("w",)), baselines=[evidence()])
    assert [line.partition(" ")[0] for line in told] == ["Worker"]


def test_a_model_that_was_asked_without_a_script_is_told() -> None:
    asked = replace(evidence(), tape=(Entry(at=1.0, kind="request", door="model", operation="chat.completions"),))
    assert UNSCRIPTED in notes(SCENARIO, options=SweepOptions(), baselines=[asked])
    assert UNSCRIPTED not in notes(SCENARIO, options=SweepOptions(), baselines=[evidence()])
    scripted = replace(SCENARIO, model="script.py")
    assert UNSCRIPTED not in notes(scripted, options=SweepOptions(), baselines=[asked])


def test_an_engine_that_accelerates_nothing_says_nothing_of_acceleration() -> None:
    told = notes(SCENARIO, options=SweepOptions(engine="time-skipping", workflows=("w",)), baselines=[evidence()])
    assert [line.partition(" ")[0] for line in told] == ["Worker", "The"]


def test_an_end_that_undisturbed_work_never_reached_is_told() -> None:
    ends = replace(SCENARIO, over=reached("after/RespondActivityTaskCompleted/*", times=3))
    line = (
        "after/RespondActivityTaskCompleted/*, which says when the work is over, was not reached 3 times undisturbed: "
        "it ended by itself."
    )
    assert line in notes(ends, options=SweepOptions(), baselines=[evidence(), evidence()])
    assert line not in notes(ends, options=SweepOptions(), baselines=[replace(evidence(), end="over")])
    assert line not in notes(SCENARIO, options=SweepOptions(), baselines=[evidence()])


def test_what_undisturbed_work_was_never_sent_is_told() -> None:
    unsent = ClientCall(name="add", args=[], workflow_id="w", failure="the work did not wait for it")
    waited = replace(evidence(), tape=(Entry(at=1.0, kind="act", operation="unsent", facts=unsent),))
    line = "add was never sent undisturbed: the work did not wait for it."
    assert notes(SCENARIO, options=SweepOptions(), baselines=[waited, waited]).count(line) == 1
    assert line not in notes(SCENARIO, options=SweepOptions(), baselines=[evidence()])
    assert line not in notes(SCENARIO, options=SweepOptions(), baselines=[replace(waited, end="deadline")])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (SweepOptions(engine="time-skipping", faults=("wire",)), True),
        (SweepOptions(engine="time-skipping", faults=("wire",), real_time=True), False),
        (SweepOptions(engine="time-skipping", faults=("effect",)), False),
        (SweepOptions(faults=("wire",)), False),
    ],
)
def test_tasks_that_would_come_again_only_after_their_timeout_are_not_lost_which_is_told(
    options: SweepOptions, told: bool
) -> None:
    handed_out = Point(position="after", door="wire", operation="PollActivityTaskQueue", workflow="Trip")
    lost = [fault for fault in chosen_faults(SCENARIO, options) if fault.name == "reply-lost"]
    assert all(fault.applies_to(handed_out) != told for fault in lost)
    assert all(fault.applies_to(replace(handed_out, operation="RespondWorkflowTaskCompleted")) for fault in lost)
    assert any("PollActivityTaskQueue" in line for line in notes(SCENARIO, options=options, baselines=[])) == told


def test_of_an_activity_without_a_workflow_its_timeouts_are_told_and_nothing_of_replay() -> None:
    alone = replace(SCENARIO, work=start_activity("charge", start_to_close_timeout=60))
    words = notes(alone, options=SweepOptions(), baselines=[evidence()])
    assert words[0].startswith(
        "The work is an activity without a workflow (start to close 60 s, attempts without limit): there is no history"
    )
    assert not any("--workflows" in each for each in words)
