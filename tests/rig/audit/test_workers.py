from __future__ import annotations

import os

import psutil
import pytest

from harness.audit.workers import working
from harness.errors import RigError
from tests.children import running


def test_answers_come_with_the_number_of_their_question() -> None:
    with working(2) as workers:
        assert workers is not None
        assert sorted(workers.ask(len, ["", "a", "ab", "abc"])) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert not _children()


def test_one_process_is_this_one() -> None:
    with working(1) as workers:
        assert workers is None


def test_a_process_that_dies_is_told_and_leaves_nothing_behind() -> None:
    with pytest.raises(RigError, match="ended with status 3, expected an answer"):
        _ask_one_that_exits()
    assert not _children()


def test_an_interrupt_ends_the_processes() -> None:
    with pytest.raises(KeyboardInterrupt):
        _ask_and_interrupt()
    assert not _children()


def _ask_one_that_exits() -> None:
    with working(2) as workers:
        assert workers is not None
        list(workers.ask(os._exit, [3]))


def _ask_and_interrupt() -> None:
    with working(2) as workers:
        assert workers is not None
        next(workers.ask(len, ["a", "b", "c"]))
        raise KeyboardInterrupt


def _children() -> list[psutil.Process]:
    return running("harness.audit.workers")
