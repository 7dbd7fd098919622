"""Verdicts and runs are kept as JSON that people can read, and are read back as the records that they were."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from harness.errors import UsageError
from harness.records.plan import Plan, Strike
from harness.records.result_json import run_as_json, run_of, verdict_as_json, verdict_of
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry, Finding, Judgement, Outcome, TimeTaken, Verdict

PLAN = Plan((Strike("kill-worker", "before/One"),), real_time=True)
ENTRY = EvidenceEntry("12:00:01.100", "worker 22863", ("attempt 1", "(after the strike at 12:00:01.000)"))
FINDING = Finding(check="c", message="m", evidence=(ENTRY,))
VERDICT = Verdict(
    trial="t",
    scenario="s",
    plan=PLAN,
    struck=True,
    judgements=(Judgement(check="c", outcome=Outcome.FAIL, findings=(FINDING,)), Judgement(check="d", outcome=None)),
)


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        EvidenceEntry("12:00:01.100", "event 5 ACTIVITY_TASK_STARTED"),
        EvidenceEntry("12:00:01.100", "", ("attempt 2",)),
        EvidenceEntry("12:00:01.100", "request", ("before One",)),
        EvidenceEntry("", "event 5", ("StartTimer 1, startToFireTimeout: recorded 1, now 2",)),
        EvidenceEntry(words=("nothing for 30 s",)),
        EvidenceEntry(words=("worker", "", "two\nlines")),
        EvidenceEntry(),
    ],
)
def test_an_entry_is_read_back_as_it_was(entry: EvidenceEntry) -> None:
    finding = replace(FINDING, evidence=(entry,))
    verdict = replace(VERDICT, judgements=(Judgement(check="c", outcome=Outcome.FAIL, findings=(finding,)),))
    kept = msgspec.json.decode(msgspec.json.encode(verdict_as_json(verdict)))
    assert kept["judgements"][0]["findings"][0]["evidence"] == [str(entry)]
    assert verdict_of(kept) == verdict


def test_an_entry_of_an_older_file_says_the_same_in_the_same_columns() -> None:
    kept = msgspec.json.decode(msgspec.json.encode(verdict_as_json(VERDICT)))
    del kept["judgements"][0]["findings"][0]["entries"]
    (entry,) = verdict_of(kept).judgements[0].findings[0].evidence
    assert (str(entry), entry.columns) == (str(ENTRY), ENTRY.columns)


def test_a_verdict_is_kept_with_texts_and_read_back() -> None:
    kept = msgspec.json.decode(msgspec.json.encode(verdict_as_json(VERDICT)))
    assert kept["plan"] == "kill-worker@before/One;real-time"
    assert kept["judgements"][0]["findings"][0]["evidence"] == [str(ENTRY)]
    assert kept["outcome"] == "FAIL"
    assert verdict_of(kept) == VERDICT


def test_a_run_is_kept_with_texts_and_read_back() -> None:
    swept = SweepResult(scenario="s", verdicts=(VERDICT,), struck=PLAN.strikes)
    record = RunRecord(
        command=("crashproof",), cwd="/", started=1.0, scenarios=(DeclaredScenario(name="s"),), sweeps=(swept,)
    )
    kept = msgspec.json.decode(msgspec.json.encode(run_as_json(record)))
    assert kept["swept"][0]["verdicts"][0]["plan"] == str(PLAN)
    assert run_of(kept) == record


@pytest.mark.parametrize("kept", [{}, {"plan": 3}, {"plan": "hug-worker@x"}, {"plan": "", "judgements": [3]}])
def test_what_is_no_verdict_is_refused(kept: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        verdict_of(kept)


@pytest.mark.parametrize("kept", [{}, {"swept": 3}, {"swept": [{"scenario": "s", "verdicts": [{}]}]}])
def test_what_is_no_run_is_refused(kept: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        run_of(kept)


def test_what_a_judgement_does_not_have_is_left_out_and_read_back_all_the_same() -> None:
    times = (TimeTaken(took=2.5, allowed=41.0),)
    judgements = (
        Judgement(check="replays", outcome=Outcome.PASS),
        Judgement(check="recovers-in-time", outcome=Outcome.UNKNOWN, reason="late", excused=True, times=times),
    )
    verdict = Verdict(trial="9f3a2c", scenario="trip", plan=Plan(), struck=True, judgements=judgements)
    kept = verdict_as_json(verdict)
    assert kept["judgements"] == [
        {"check": "replays", "outcome": "PASS"},
        {
            "check": "recovers-in-time",
            "outcome": "UNKNOWN",
            "reason": "late",
            "excused": True,
            "times": ({"took": 2.5, "allowed": 41.0},),
        },
    ]
    assert verdict_of(kept) == verdict
