"""A hang that only accelerated timeouts end is judged by the hours that they mean; one that is noticed soon is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.records.evidence import Evidence
from harness.records.message_facts import HttpCall
from harness.records.verdict import Severity

from .build import Story, nothing, only_finding, passes

NAME = "hang-noticed"
OPENAI = {"x-stainless-lang": "python"}
DAY = {"startToCloseTimeout": "86400s", "heartbeatTimeout": "4s"}


def hung(
    *,
    beats: int = 5,
    headers: dict[str, str] = OPENAI,
    declared: dict[str, Any] = DAY,
    fault: str = "model-silent",
) -> Evidence:
    story = Story()
    study = story.activity("study", **declared)
    story.no_answer(study, fault)
    for index, entry in enumerate(story.tape):
        if isinstance(entry.facts, HttpCall):
            call = HttpCall(method="POST", path="/v1/chat/completions", headers=headers, body=entry.facts.body)
            story.tape[index] = replace(entry, facts=call)
    for _ in range(beats):
        story.wait(3).beat(study)
    story.act("accelerate", what="activity", workflow_id="agent", activity_id=study.activity_id, attempt=1)
    return story.complete(story.wait(1).again(study)).close().evidence()


def test_hang_that_beats_of_a_timer_hide_for_a_day_is_broken() -> None:
    finding = only_finding(NAME, hung())
    assert finding.how_bad is Severity.BROKEN
    assert finding.message == (
        "study 1: a call of chat.completions that was never answered is noticed after 24 h, though the heartbeat "
        "timeout is 4 s: its beats went on"
    )


@pytest.mark.parametrize(
    "evidence",
    [hung(beats=0, declared={"startToCloseTimeout": "7200s"}), hung(headers={})],
    ids=["a long timeout alone", "a client that may have a limit"],
)
def test_hang_of_hours_that_is_declared_or_may_end_before_is_risky(evidence: Evidence) -> None:
    assert only_finding(NAME, evidence).how_bad is Severity.RISKY


@pytest.mark.parametrize(
    "evidence",
    [
        hung(headers={**OPENAI, "x-stainless-read-timeout": "600"}),
        hung(beats=0),
        hung(declared={"startToCloseTimeout": "300s", "heartbeatTimeout": "4s"}),
        hung(headers={**OPENAI, "x-stainless-read-timeout": "…"}),
    ],
    ids=["its client gives up", "no beats, so the heartbeat timeout", "minutes", "a limit that is not known"],
)
def test_hang_that_is_noticed_within_the_hour(evidence: Evidence) -> None:
    passes(NAME, evidence)


def test_attempt_whose_worker_died_is_no_hang() -> None:
    story = Story()
    study = story.activity("study", **DAY)
    story.no_answer(study, "model-silent").strike()
    story.act("accelerate", what="activity", workflow_id="agent", activity_id=study.activity_id, attempt=1)
    evidence = story.complete(story.wait(1).again(study)).close().evidence()
    assert nothing(NAME, evidence) == "no attempt hung until a timeout of its own ended it"


def test_an_attempt_that_its_fault_let_time_out_before_its_client_gave_up_is_no_hang() -> None:
    evidence = hung(fault="model-silent-always")
    assert nothing(NAME, evidence) == "no attempt hung until a timeout of its own ended it"
