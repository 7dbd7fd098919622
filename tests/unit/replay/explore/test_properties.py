"""The properties, judged from paths that are written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from harness.replay.explore.move import Move, Step
from harness.replay.explore.path import ExploredPath
from harness.replay.explore.properties import PROPERTIES, DeclaredOutcomes, violations
from harness.replay.explore.world import ExploredActivity


def move(text: str) -> Move:
    kind, _, subject = text.partition(" ")
    subject, _, detail = subject.partition(":")
    return Move(kind=kind, subject=subject, detail=detail, words=text)


def path(*steps: str, close: str = "completed", result: str = "", **more: Any) -> ExploredPath:
    made: tuple[Step, ...] = tuple(tuple(move(each) for each in step.split("+")) for step in steps)
    heard = any(each.kind == "cancel" for step in made for each in step)
    return ExploredPath(steps=made, close=close, result=result, cancel_heard=heard, **more)


def broken(*paths: ExploredPath, **declared: bool) -> list[tuple[str, str]]:
    return [(each.property, each.subject) for each in violations(paths, DeclaredOutcomes(**declared))]


def did(*names: str, result: str | None = "Rome trip") -> tuple[ExploredActivity, ...]:
    return tuple(ExploredActivity(type=each, subject=f"{each}#1", input="Rome trip", result=result) for each in names)


def test_a_workflow_that_its_own_timeout_ends_waits_for_what_never_comes() -> None:
    ends = path("complete book", "expire", close="timed out")
    assert broken(ends) == [("waits-for-ever", "timeout")]
    assert broken(ends, fails=True) == []
    assert broken(path("expire", close="timed out", unsent=("approve",))) == []


def test_paths_are_compared_where_the_model_has_answered_the_same() -> None:
    plain, other = path("complete think", result="4"), path("complete think:a refusal", result="none")
    assert broken(plain, other) == []
    assert broken(plain, path("complete think", result="5"), other) == [("order-matters", "")]


def test_waiting_is_broken_only_without_an_end_by_design() -> None:
    waits = path("signal approve", close="stuck")
    assert broken(waits) == [("waits-for-ever", "")]
    assert broken(waits, never_ends=True) == []


def test_a_failed_task_names_its_line() -> None:
    assert broken(path(close="task failed", result="boom", place="w.py:3 in run")) == [
        ("workflow-task-fails", "w.py:3 in run")
    ]


def test_order_counts_between_what_is_no_race() -> None:
    one, other = path("complete a#1", "complete b#1", result="ab"), path("complete b#1", "complete a#1", result="ba")
    assert broken(one, other) == [("order-matters", "complete a, complete b")]
    assert broken(one, other, order_matters=True) == []
    early, late = path("fire t#1", "complete a#1", result="late"), path("complete a#1", "fire t#1", result="in time")
    assert broken(early, late) == []


def test_a_message_is_lost_where_it_counts_later() -> None:
    early = path("signal ok", "complete a#1", close="stuck")
    late = path("complete a#1", "signal ok", result="approved")
    assert broken(early, late) == [("message-lost", "ok")]
    assert broken(path("signal ok", "complete a#1", result="approved"), late) == []


def test_a_message_that_comes_after_the_wait_was_given_up_is_not_lost() -> None:
    given_up = path("fire t#1", "complete a#1", result="nobody")
    late = path("fire t#1", "signal ok", "complete a#1", result="nobody")
    in_time = path("signal ok", "complete a#1", result="approved")
    assert broken(given_up, late, in_time) == []


def test_an_update_is_finished_when_the_workflow_closes() -> None:
    assert broken(path("update ask", updates={"ask-1": "accepted 7"})) == [("message-lost", "ask")]
    assert broken(path("update ask", updates={"ask-1": "completed"})) == []
    assert broken(path("update ask", updates={"ask-1": "rejected"})) == []


def test_trouble_is_told_or_declared() -> None:
    plain, hidden = path("complete a#1", result="done"), path("fail a#1:attempts", result="well")
    assert broken(plain, hidden) == [("trouble-untold", "fail a")]
    assert broken(plain, hidden, falls_back=True) == []
    assert broken(plain, path("fail a#1:attempts", result="done")) == []
    assert broken(plain, path("fail a#1:attempts", close="failed", result="no")) == []
    assert broken(plain, path("fail a#1:attempts", close="stuck")) == [("trouble-untold", "fail a")]


def test_what_one_path_undoes_every_path_undoes() -> None:
    plain = path("complete book#1", "complete pay#1", activities=did("book", "pay"))
    undone = path("complete book#1", "fail pay#1", close="failed", activities=did("book", "unbook"))
    left = path("complete book#1", "cancel", close="cancelled", activities=did("book"))
    assert broken(plain, undone, left) == [("trouble-untold", "unbook after cancel")]
    early = path("cancel", close="cancelled", activities=did("book", result=None))
    assert broken(plain, undone, early) == []


def test_a_cancellation_is_heard_unless_it_raced_with_the_end() -> None:
    assert broken(path("cancel", result="done")) == [("cancellation-swallowed", "")]
    assert broken(path("cancel", result="done"), falls_back=True) == []
    assert broken(path("cancel", result="cancelled"), completes_cancelled=True) == []
    assert broken(path("complete a#1+cancel", result="done")) == []
    assert broken(path("cancel", "complete a#1:anyway", result="done")) == []


def test_a_path_ends_or_continues_as_new() -> None:
    assert broken(path("complete a#1", close="endless")) == [("no-end", "")]
    assert broken(path("complete a#1", close="endless", runs=3)) == []
    assert broken(path("complete a#1", close="endless", unsent=("stop",))) == []


def test_the_same_question_has_the_same_answer() -> None:
    assert broken(path(close="different", difference="it decides otherwise")) == [("asked-again-differs", "")]
    mismatch = path(close="task failed", result="[TMPRL1100] no", nondeterministic=True)
    assert broken(mismatch) == [("asked-again-differs", "")]


def test_the_smallest_path_shows_a_violation() -> None:
    long, short = path("complete a#1", "signal ok", close="stuck"), path("signal ok", close="stuck")
    (violation,) = violations([long, short], DeclaredOutcomes())
    assert violation.path is short


@pytest.mark.parametrize("each", PROPERTIES, ids=lambda each: each.name)
def test_each_property_is_one_sentence(each: Any) -> None:
    assert each.sentence.endswith(".")
    assert ". " not in each.sentence
    assert each.fix.endswith(".")
