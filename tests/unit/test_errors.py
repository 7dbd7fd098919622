"""Errors are shown with what explains them, whatever group they came in."""

from __future__ import annotations

from harness.errors import RigError, first_error, nearest, several_nearest


def test_the_first_error_of_groups_however_deep() -> None:
    error = ValueError("x")
    assert first_error(error) is error
    assert first_error(ExceptionGroup("a", [ExceptionGroup("b", [error]), KeyError()])) is error


def test_the_failure_of_the_rig_shows_the_log_that_explains_it() -> None:
    assert str(RigError("the worker ended", log="one\ntwo\n")) == "the worker ended\n  | one\n  | two"
    assert str(RigError("the worker ended", log=" \n")) == "the worker ended"


def test_the_nearest_known_word_is_offered() -> None:
    assert nearest("kil-worker", ["kill-worker", "reply-lost"]) == " (did you mean 'kill-worker'?)"
    assert nearest("xyz", ["kill-worker"]) == ""


def test_a_few_near_words_are_offered_where_there_are_many() -> None:
    known = ["retry-cap", "retry-spacing", "retry-bounded", "retry-state-right", "effects-happen-once"]
    assert several_nearest("retry-bound", known).startswith(" (did you mean 'retry-bounded' or ")
    assert several_nearest("effects", known) == " (did you mean 'effects-happen-once'?)"
    assert several_nearest("xyz", known) == several_nearest("", ["retry-cap"]) == ""
