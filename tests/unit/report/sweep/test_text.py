"""The text of a report, word for word: of a run that passed, failed, shows nothing, and of one with every fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records.sweep_result import SweepResult
from harness.records.verdict import Finding, Outcome, Severity
from harness.report.sweep import text as report
from tests.unit.report.samples import (
    EXPLAINED,
    FAILED,
    HURT,
    INAPPLICABLE,
    KILL,
    NO_MODEL,
    PASSED,
    UNSHOWN,
    every_fault,
    graded,
    several,
    swept,
    truncated,
    verdict,
)

PASSED_TEXT = """\
scenario  outcome  trials  passed  failed  unknown   points    time
trip      PASS          2       2       0        0      1/1    7.2s

timeouts after a strike were accelerated

PASS: 2 trials, 1 of 1 point struck, 0 findings. Evidence: .crashproof/runs/latest"""

FAILED_TEXT = """\
trip: only what passes the doors was tried. What leaves the worker another way can be lost or doubled unseen:
  the file trips.db is open for writing. What a file holds is compared with --state trips.db

trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1
  FAIL  effects-happen-once (broken)
    charge happened 2 times, expected once
      12:00:03.611  worker 22863  attempt 1
      12:00:06.402  worker 22871  attempt 2
    Seen in 2 trials; this is the smallest plan.
    Evidence:        .crashproof/runs/latest/trials/9f3a2c/
    Reproduce with:  crashproof reproduce 9f3a2c

scenario  outcome  trials  passed  failed  unknown   points    time
trip      FAIL          3       1       2        0      1/1    7.2s

trip:
  - coverage gap: the file trips.db is open for writing

FAIL: 3 trials, 1 of 1 point struck, 1 finding (1 broken), as far as the doors see. Evidence: .crashproof/runs/latest"""

UNSHOWN_TEXT = """\
trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1
  UNKNOWN  never struck while the workflow was open: \
kill-worker@before/RespondActivityTaskCompleted/TripAgent/charge.1/attempt-1
    Evidence:        .crashproof/runs/latest/trials/9f3a2c/
    Reproduce with:  crashproof reproduce 9f3a2c

trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1 (in real time)
  UNKNOWN  effects-happen-once: KeyError: 'attempt'
    Evidence:        .crashproof/runs/latest/trials/77aa01/
    Reproduce with:  crashproof reproduce 77aa01

scenario  outcome  trials  passed  failed  unknown   points    time
trip      UNKNOWN       3       1       0        2      0/3    7.2s

fault          points  passed  failed  unknown
kill-worker       0/1       0       0        2
kill-server       0/1       0       0        0
reply-lost        0/1       0       0        0

trip:
  - 2 points were not tried: --time-limit 5 was over

The rest is run by: crashproof run --resume .crashproof/runs/latest

UNKNOWN: 3 trials, 0 of 3 points struck, 0 findings. Evidence: .crashproof/runs/latest"""

EVERY_FAULT_TEXT = """\
scenario               outcome  trials  passed  failed  unknown   points    time
trip_with_every_fault  PASS         22      22       0        0    20/20   61.0s
waits                  not applicable: it lets time pass, and the dev server cannot skip time

fault                              points  passed  failed  unknown
kill-worker                           2/2       2       0        0
terminate-worker                      2/2       2       0        0
pause-worker                          2/2       2       0        0
unavailable-once                      2/2       2       0        0
unavailable-until-healed              2/2       2       0        0
resource-exhausted-once               2/2       2       0        0
resource-exhausted-until-healed       2/2       2       0        0
reply-lost                            2/2       2       0        0
heartbeat-lost                        2/2       2       0        0
effect-reply-lost                     2/2       2       0        0
not applicable: kill-server: the time-skipping server cannot be killed and started again: it keeps nothing on
  disk
not applicable: every model fault: the worker sends no model message that it can meet

trip_with_every_fault:
  - unreachable: kill-worker, terminate-worker, pause-worker, unavailable-once, unavailable-until-healed,
    resource-exhausted-once, resource-exhausted-until-healed, reply-lost, heartbeat-lost, effect-reply-lost at
    before/Extra

PASS: 22 trials, 20 of 20 points struck, 10 unreachable, 0 findings"""

TRUNCATED_TEXT = """\
trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1
  FAIL  nothing-truncated-accepted (broken)
    plan 1 completed though its model call was answered by half, and asked no more
      12:00:01.100  worker 22863  attempt 1  chat.completions
      12:00:01.240  worker 22863  attempt 1  chat.completions
    also: the result of plan holds half of an answer of the model: 'Fly to Li'
    also: effect note holds half of an answer of the model: 'Fly to Li'
    also: the result of TripAgent holds half of an answer of the model: 'Fly to Li'
    Evidence:        runs/x/trials/9f3a2c/
    Reproduce with:  crashproof reproduce 9f3a2c

scenario  outcome  trials  passed  failed  unknown   points    time
trip      FAIL          1       0       1        0      1/1    7.2s

FAIL: 1 trial, 1 of 1 point struck, 4 findings (4 broken). Evidence: runs/x"""

WORST_FIRST_TEXT = """\
trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1
  FAIL  effects-happen-once (broken)
    charge happened 2 times, expected once
      12:00:03.611  worker 22863  attempt 1
      12:00:06.402  worker 22871  attempt 2
    Evidence:        runs/x/trials/9f3a2c/
    Reproduce with:  crashproof reproduce 9f3a2c

trip · undisturbed
  risky  retry-bounded
    charge is retried for ever
    Why:             An activity that can only fail is tried for ever, and nobody is told.
    Fix:             Give it a schedule_to_close_timeout, or a retry policy with maximum_attempts: whichever
                     of the two says better how long somebody waits.
    Evidence:        runs/x/trials/1a2b3c/
    Reproduce with:  crashproof reproduce 1a2b3c

trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1
  wasteful  retry-after-honoured
    charge asked again too early
    Evidence:        runs/x/trials/9f3a2c/
    Reproduce with:  crashproof reproduce 9f3a2c

scenario  outcome  trials  passed  failed  unknown   points    time
trip      FAIL          2       1       1        0      1/1    7.2s

FAIL: 2 trials, 1 of 1 point struck, 3 findings (1 broken, 1 risky, 1 wasteful). Evidence: runs/x"""


def test_the_line_of_code_that_explains_a_finding_stands_below_what_shows_it() -> None:
    assert report.text([EXPLAINED], folder=".crashproof/runs/latest") == FAILED_TEXT.replace(
        "    Evidence: ",
        "    Code:            app/pay.py:18 in charge (CP306)\n"
        "                     receipt = await client.post(url, json=order)\n"
        "    Evidence: ",
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [(PASSED, PASSED_TEXT), (FAILED, FAILED_TEXT), (UNSHOWN, UNSHOWN_TEXT)],
    ids=["passed", "failed", "unknown"],
)
def test_the_report_word_for_word(found: SweepResult, expected: str) -> None:
    assert report.text([found], folder=".crashproof/runs/latest") == expected


def test_the_worst_findings_come_first_and_only_what_is_bad_enough_is_called_a_failure() -> None:
    assert report.text([graded()], folder="runs/x") == WORST_FIRST_TEXT
    strict = report.text([replace(graded(), fail_on=Severity.WASTEFUL)], folder="runs/x")
    assert "  FAIL  retry-bounded (risky)\n" in strict
    assert "  FAIL  retry-after-honoured (wasteful)\n" in strict


def test_sentences_end_where_the_terminal_does() -> None:
    narrow = report.text([graded(), every_fault(), INAPPLICABLE], folder="runs/x", width=70)
    sentences = [line for line in narrow.splitlines() if line.startswith(("    Why:", "    Fix:", " " * 21, "  - "))]
    assert len(sentences) == 6
    assert max(map(len, sentences)) <= 70


def test_a_run_with_every_fault_word_for_word() -> None:
    assert report.text([every_fault(), INAPPLICABLE]) == EVERY_FAULT_TEXT


def test_findings_with_one_cause_word_for_word() -> None:
    found = swept(verdict("9f3a2c", KILL, Outcome.FAIL, *truncated()))
    assert report.text([found], folder="runs/x") == TRUNCATED_TEXT


def test_a_run_with_one_fault_has_no_table_by_fault_and_remarks_why_it_cannot_be_made() -> None:
    lines = report.text([swept(not_applicable={"model-429": NO_MODEL}, cuts=(), struck=())]).splitlines()
    assert not any(line.startswith("fault") for line in lines)
    assert f"  - not applicable: model-429: {NO_MODEL}" in lines


def test_a_fault_that_one_scenario_of_two_cannot_meet_is_in_the_table_and_below_it() -> None:
    other = swept(scenario="other", not_applicable={"kill-server": "no disk", "model-429": NO_MODEL})
    told = report.text([several(), other]).splitlines()
    assert "kill-server            1/1       1       0        0" in told
    below = told.index(f"not applicable: model-429, model-400: {NO_MODEL}")
    assert told[below + 1] == "not applicable in other: kill-server: no disk"
    assert "other:" not in told


def test_what_a_worker_says_does_not_steer_the_terminal() -> None:
    told = report.text([HURT])
    assert "\x1b" not in told
    assert "\x00" not in told
    assert "      <b>&</b>\\x1b[31m" in told.splitlines()


def test_the_list_of_points_word_for_word() -> None:
    found = swept(unsteady=("before/RecordActivityTaskHeartbeat/TripAgent/charge.1/nth-2",))
    assert report.points([found, INAPPLICABLE]) == (
        "trip: 1 point\n"
        "  before/RespondActivityTaskCompleted/TripAgent/charge.1/attempt-1\n"
        "  before/RecordActivityTaskHeartbeat/TripAgent/charge.1/nth-2 (in one of two undisturbed runs: not struck)\n"
        "waits: 0 points (not applicable: it lets time pass, and the dev server cannot skip time)"
    )


def test_the_list_of_points_says_that_pairs_come_after_them() -> None:
    assert report.points([swept(pairs_asked=20)]).splitlines()[-1] == (
        "  and at most 20 pairs of strikes: one of these, then one at a point that its recovery comes to again"
    )


def test_the_list_of_points_names_the_fault_where_there_are_several() -> None:
    lines = report.points([several()]).splitlines()
    assert lines[1:] == [
        *(f"  {cut.strike}" for cut in several().cuts),
        f"  not applicable: model-429, model-400: {NO_MODEL}",
    ]


def test_long_evidence_is_cut_short_and_says_so() -> None:
    long = Finding(check="c", message="m", evidence=tuple(f"line {number}" for number in range(30)))
    lines = report.text([swept(verdict("t", KILL, Outcome.FAIL, long))]).splitlines()
    assert "      line 11" in lines
    assert "      line 12" not in lines
    assert "      … and 18 more lines in verdict.json" in lines


def test_tools_that_no_answer_of_a_model_called_are_told_before_all_else_and_with_the_outcome() -> None:
    lines = report.text([replace(PASSED, uncalled_tools=("mail", "look", "pay", "book"))]).splitlines()
    assert " ".join(map(str.strip, lines[:3])).rstrip() == (
        "trip: no script says what the model answers, so none of its answers called mail, look, pay, and 1 more. What "
        "tools do can be lost or doubled unseen: give answers that call them with --model"
    )
    assert lines[-1].startswith("PASS: 2 trials, 1 of 1 point struck, 0 findings, without tools of a model")
