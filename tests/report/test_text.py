"""The text of a report, word for word: of a run that passed, one that failed, and one that shows nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cuts import Cut
from harness.plan import Strike
from harness.points import Point
from harness.report import text as report
from harness.report.document import document
from harness.swept import Swept
from harness.verdict import Finding, Judgement, Outcome, Verdict

POINT = Point(
    position="before",
    door="wire",
    operation="RespondActivityTaskCompleted",
    workflow="TripAgent",
    subject="charge",
    execution=1,
    attempt=1,
)
STRIKE = Strike("kill-worker", POINT.id)
KILL = str(STRIKE)
TWICE = Finding(
    check="effects-happen-once",
    message="charge happened 2 times, expected once",
    subject="charge",
    evidence=("12:00:03.611  worker 22863  attempt 1", "12:00:06.402  worker 22871  attempt 2"),
)


def verdict(trial: str, plan: str, outcome: Outcome | None, *findings: Finding, **more: Any) -> Verdict:
    judgement = Judgement(
        check="effects-happen-once", outcome=outcome, findings=findings, reason=more.pop("because", "")
    )
    told: dict[str, Any] = {"struck": True, **more}
    return Verdict(trial=trial, scenario="trip", plan=plan, judgements=(judgement,), **told)


def swept(*verdicts: Verdict, **more: Any) -> Swept:
    cut = Cut(POINT, ("after/PollActivityTaskQueue/TripAgent/charge.1/attempt-1",), fault="kill-worker")
    told = {"cuts": (cut,), "struck": (STRIKE,)}
    return Swept(scenario="trip", title="A trip is paid once.", verdicts=verdicts, seconds=7.25, **{**told, **more})


PASSED = swept(
    verdict("1a2b3c", "baseline", Outcome.PASS),
    verdict("9f3a2c", KILL, Outcome.PASS),
    notes=("timeouts after a strike were accelerated",),
)
FAILED = swept(
    verdict("1a2b3c", "baseline", Outcome.PASS),
    verdict("9f3a2c", KILL, Outcome.FAIL, TWICE),
    verdict("77aa01", f"{KILL};real-time", Outcome.FAIL, TWICE),
    gaps=("the file trips.db is open for writing",),
)
UNSHOWN = swept(
    verdict("1a2b3c", "baseline", Outcome.PASS),
    verdict("9f3a2c", KILL, Outcome.PASS, struck=False, reason=f"never struck while the workflow was open: {KILL}"),
    verdict("77aa01", f"{KILL};real-time", Outcome.UNKNOWN, because="Traceback\n  File x\nKeyError: 'attempt'"),
    not_run=3,
    struck=(),
)

PASSED_TEXT = """\
scenario  outcome  trials  passed  failed  unknown   points    time
trip      PASS          2       2       0        0      1/1    7.2s

timeouts after a strike were accelerated

PASS: 2 trials, 1 of 1 point struck, 0 findings. Evidence: .crashproof/runs/latest"""

FAILED_TEXT = """\
trip · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1
  FAIL  effects-happen-once
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

FAIL: 3 trials, 1 of 1 point struck, 1 finding. Evidence: .crashproof/runs/latest"""

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
trip      UNKNOWN       3       1       0        2      0/1    7.2s

trip:
  - 3 trials were left out: a limit was reached

UNKNOWN: 3 trials, 0 of 1 point struck, 0 findings. Evidence: .crashproof/runs/latest"""


@pytest.mark.parametrize(
    ("found", "expected"),
    [(PASSED, PASSED_TEXT), (FAILED, FAILED_TEXT), (UNSHOWN, UNSHOWN_TEXT)],
    ids=["passed", "failed", "unknown"],
)
def test_the_report_word_for_word(found: Swept, expected: str) -> None:
    assert report.text([found], folder=".crashproof/runs/latest") == expected


def test_the_list_of_points_word_for_word() -> None:
    found = swept(unsteady=("before/RecordActivityTaskHeartbeat/TripAgent/charge.1/nth-2",))
    assert report.points([found]) == (
        "trip: 1 points\n"
        "  before/RespondActivityTaskCompleted/TripAgent/charge.1/attempt-1\n"
        "  before/RecordActivityTaskHeartbeat/TripAgent/charge.1/nth-2 (in one of two undisturbed runs: not struck)"
    )


def test_long_evidence_is_cut_short_and_says_so() -> None:
    long = Finding(check="c", message="m", evidence=tuple(f"line {number}" for number in range(30)))
    lines = report.text([swept(verdict("t", KILL, Outcome.FAIL, long))]).splitlines()
    assert "      line 11" in lines
    assert "      line 12" not in lines
    assert "      … and 18 more lines in verdict.json" in lines


@pytest.mark.parametrize(
    ("plan", "phrase"),
    [
        ("baseline", "undisturbed"),
        (KILL, "kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1"),
        (
            "kill-worker@before/One,kill-worker@after/effect.note/A/nth-2;real-time",
            "kill-worker before One, then kill-worker after effect.note of A, occurrence 2 (in real time)",
        ),
    ],
)
def test_a_plan_reads_as_a_phrase(plan: str, phrase: str) -> None:
    assert report.plan_text(plan) == phrase


def test_the_document_has_the_promised_fields() -> None:
    told = document([FAILED, PASSED], folder="f")
    assert {name: told[name] for name in ("schema_version", "outcome", "exit_status", "folder", "vacuous")} == {
        "schema_version": 1,
        "outcome": "FAIL",
        "exit_status": 1,
        "folder": "f",
        "vacuous": 0,
    }
    assert {name: told["trials"][name] for name in ("run", "passed", "failed", "unknown")} == {
        "run": 5,
        "passed": 3,
        "failed": 2,
        "unknown": 0,
    }
    assert told["points"] == {"known": 2, "struck": 2, "unreachable": 0}
    [finding] = told["findings"]
    assert {name: finding[name] for name in ("id", "check", "message", "scenario", "plan", "reproduce")} == {
        "id": TWICE.id,
        "check": "effects-happen-once",
        "message": "charge happened 2 times, expected once",
        "scenario": "trip",
        "plan": KILL,
        "reproduce": "crashproof reproduce 9f3a2c",
    }
    assert finding["trials"] == ("9f3a2c", "77aa01")


def test_a_run_that_shows_nothing_counts_its_vacuous_trials() -> None:
    told = document([UNSHOWN])
    assert (told["outcome"], told["exit_status"], told["vacuous"]) == ("UNKNOWN", 3, 1)
    assert document([])["exit_status"] == 3


def several() -> Swept:
    """Return a sweep with three faults, one of which was not made and one of which cannot be."""
    made, missed = Strike("kill-server", POINT.id), Strike("unavailable-once", POINT.id)
    cuts = tuple(Cut(POINT, fault=name) for name in ("kill-worker", "kill-server", "unavailable-once"))
    return swept(
        verdict("1a2b3c", "baseline", Outcome.PASS),
        cuts=cuts,
        struck=(STRIKE, made),
        unreachable=(missed,),
        not_applicable={"model-429": "no model message that it can meet"},
    )


def test_the_document_tells_each_fault_apart() -> None:
    (scenario,) = document([several()])["scenarios"]
    assert scenario["faults"] == {
        "kill-worker": {"known": 1, "struck": 1, "unreachable": 0},
        "kill-server": {"known": 1, "struck": 1, "unreachable": 0},
        "unavailable-once": {"known": 0, "struck": 0, "unreachable": 1},
        "model-429": {"not_applicable": "no model message that it can meet"},
    }
    assert scenario["points"] == {"known": 2, "struck": 2, "unreachable": 1}
    assert scenario["unreachable"] == [f"unavailable-once@{POINT.id}"]
    assert [cut["fault"] for cut in scenario["cuts"]] == ["kill-worker", "kill-server", "unavailable-once"]


def test_the_text_says_what_was_unreachable_and_what_is_not_applicable() -> None:
    lines = report.text([several()]).splitlines()
    assert f"  - unreachable: unavailable-once@{POINT.id}" in lines
    assert "  - not applicable: model-429: no model message that it can meet" in lines
    assert lines[-1] == "PASS: 1 trial, 2 of 2 points struck, 0 findings"


def test_the_list_of_points_names_the_fault_where_there_are_several() -> None:
    lines = report.points([several()]).splitlines()
    assert lines[1:] == [f"  {cut.strike}" for cut in several().cuts]
