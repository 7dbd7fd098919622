"""A model that is out of service is left in peace after some failures, and a crash does not bring the calls back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.checks.judging import judge
from harness.readiness.fallback import CHECKS, model_out
from harness.records.evidence import Evidence
from harness.records.message_facts import HttpCall, HttpReply
from harness.records.plan import Plan, parse
from harness.records.tape import Entry
from harness.records.verdict import Judgement, Outcome
from tests.unit.checks.build import Story
from tests.unit.report.samples import KILL

USUAL, OTHER = "gpt-4o-mini", "gpt-4.1-mini"


def asked(words: str) -> Iterator[Entry]:
    """Yield calls and answers: ``u`` the usual model refuses, ``o`` another one answers, ``U`` the usual one does."""
    for number, letter in enumerate(words, start=1):
        body = {"model": OTHER if letter == "o" else USUAL}
        known: dict[str, Any] = {"door": "model", "operation": "chat.completions", "message": number}
        yield Entry(at=number, kind="request", facts=HttpCall(body=body), **known)
        status = "503" if letter == "u" else "200"
        yield Entry(at=number + 0.5, kind="reply", status=status, facts=HttpReply(), **known)


def evidence(words: str, *, close: str = "COMPLETED", struck: bool = False) -> Evidence:
    story = Story()
    story.close(close)
    told = story.evidence()
    strike = [entry for entry in Story().strike(KILL.partition("@")[2]).tape if entry.operation == "strike"]
    return Evidence(
        trial="t",
        scenario="ask",
        plan=parse(KILL) if struck else Plan(),
        end="closed",
        tape=(*asked(words), *(strike if struck else ())),
        histories=told.histories,
    )


def said(name: str, now: Evidence, *baselines: Evidence) -> Judgement:
    verdict = judge(now, baselines=baselines or (now,), checks=CHECKS)
    return next(each for each in verdict.judgements if each.check == name)


@pytest.mark.parametrize(
    ("words", "out"), [("uuoo", USUAL), ("uu", ""), ("Uoo", ""), ("uUo", ""), ("oo", ""), ("", "")]
)
def test_a_model_is_out_where_it_answers_nothing_and_another_one_does(words: str, out: str) -> None:
    assert model_out(evidence(words)) == out


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("uuoo", Outcome.PASS),  # opens after one step
        ("uuouuoo", Outcome.PASS),  # after two
        ("uuoooou", Outcome.PASS),  # and gives it another chance later
        ("uuouuo", Outcome.FAIL),  # asked first by each step
        ("uouo", Outcome.FAIL),
        ("uuo", Outcome.UNKNOWN),  # one step alone shows nothing
        ("UU", None),
    ],
)
def test_a_breaker_opens(words: str, outcome: Outcome | None) -> None:
    assert said("breaker-opens", evidence(words)).outcome is outcome


def test_an_answer_comes_while_the_model_is_out() -> None:
    assert said("degraded-answer", evidence("uuoo")).outcome is Outcome.PASS
    assert said("degraded-answer", evidence("uuoo", close="FAILED")).outcome is Outcome.FAIL
    assert said("degraded-answer", evidence("UU", close="FAILED")).outcome is None


@pytest.mark.parametrize(
    ("words", "outcome"), [("uuoo", Outcome.PASS), ("uuuoo", Outcome.PASS), ("uuuuoo", Outcome.FAIL)]
)
def test_a_crash_costs_one_more_call_at_most(words: str, outcome: Outcome) -> None:
    baseline = evidence("uuoo")
    assert said("recovers-without-burst", evidence(words, struck=True), baseline).outcome is outcome
    assert said("recovers-without-burst", baseline, baseline).outcome is None
