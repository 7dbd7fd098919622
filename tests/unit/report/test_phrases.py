"""Phrases: a plan reads as one, and what is unknown says why."""

from __future__ import annotations

import pytest

from harness.records.plan import parse
from harness.report import phrases
from tests.unit.report.samples import KILL, UNSHOWN


@pytest.mark.parametrize(
    ("plan", "phrase"),
    [
        ("baseline", "undisturbed"),
        (KILL, "kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1"),
        (
            "kill-worker@before/One,kill-worker@after/effect.note/A/nth-2;real-time",
            "kill-worker before One, then kill-worker after effect.note of A, occurrence 2 (in real time)",
        ),
        (
            "model-429@before/model.chat.completions/Trip/Leg.2/plan.1/attempt-1",
            "model-429 before model.chat.completions of plan 1 in Trip/Leg.2, attempt 1",
        ),
    ],
)
def test_a_plan_reads_as_a_phrase(plan: str, phrase: str) -> None:
    assert phrases.plan_text(parse(plan)) == phrase


def test_numbers_agree_with_their_nouns() -> None:
    assert [phrases.number(count, "trial") for count in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]
    assert phrases.not_tried(1, "") == "1 point was not tried"
    assert phrases.not_tried(2, "too late") == "2 points were not tried: too late"


def test_what_is_unknown_says_why_by_itself_and_check_by_check() -> None:
    told = [phrases.why_unknown(verdict) for verdict in UNSHOWN.verdicts]
    assert told == [
        [],
        [f"never struck while the workflow was open: {KILL}"],
        ["effects-happen-once: KeyError: 'attempt'"],
    ]


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("", "crashproof reproduce 1a2b3c"),
        (".crashproof/runs/20261122T014409Z-6c1e", "crashproof reproduce 1a2b3c"),
        (".crashproof/runs/latest", "crashproof reproduce 1a2b3c"),
        (".crashproof/explorations/latest", "crashproof reproduce 1a2b3c"),
        ("artifacts/latest", "crashproof reproduce 1a2b3c --run artifacts/latest"),
        ("../my runs/latest", "crashproof reproduce 1a2b3c --run '../my runs/latest'"),
    ],
)
def test_a_trial_whose_folder_is_not_where_such_are_is_reproduced_by_its_folder(folder: str, command: str) -> None:
    assert phrases.reproducing(folder)("1a2b3c") == command
