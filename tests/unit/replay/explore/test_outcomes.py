"""What can happen next: by policy, by timeouts, by what is declared, and by what is left of the budgets."""

from __future__ import annotations

from dataclasses import replace

from harness.replay.explore.world import Declared, WorkflowTimeouts, World, begin
from tests.unit.replay.explore.worlds import activity, answered, first, kinds, payloads, taken, timer, words

APPROVE = Declared(kind="signal", name="approve", input=b"")
BEGIN = "the first workflow task is handed out"
CANCEL = "the workflow is asked to cancel"


def begun(*sends: Declared, together: int = 0, **budgets: int) -> World:
    return taken(first(*sends, together=together, **budgets), BEGIN)


def test_before_the_first_task_a_signal_and_a_cancellation_may_come() -> None:
    assert words(first(APPROVE)) == [BEGIN, f"signal approve arrives, {BEGIN}", f"{CANCEL}, {BEGIN}"]


def test_a_capped_activity_fails_after_its_attempts_and_a_boundless_one_only_for_good() -> None:
    capped = answered(begun(), activity("book", attempts=3, types=["NoRoom"]))
    assert words(capped) == [
        "activity book.1 completes",
        CANCEL,
        "activity book.1 fails on each of its 3 attempts",
        "activity book.1 fails with NoRoom, which is not retried",
        "activity book.1 times out (start-to-close) on each of its 3 attempts",
    ]
    boundless = answered(begun(cancel=0), activity("book"))
    assert words(boundless) == [
        "activity book.1 completes",
        "activity book.1 fails with ExploredFailure, which is not retried",
    ]


def test_a_timer_fires_unless_what_is_under_way_must_have_ended_before() -> None:
    long = answered(begun(trouble=0), activity("book"), timer("1", 30))
    assert words(long) == ["activity book.1 completes", "timer.1 fires"]
    short = answered(begun(trouble=0), activity("book", seconds={"schedule_to_close_timeout": 10}), timer("1", 30))
    assert words(short) == ["activity book.1 completes"]


def test_the_timer_that_is_due_first_fires_first() -> None:
    world = answered(begun(trouble=0), timer("1", 30), timer("2", 10))
    assert words(world) == ["timer.2 fires"]


def test_what_takes_longer_than_a_timer_does_not_happen_before_it() -> None:
    world = answered(begun(cancel=0, fail=0), activity("book", attempts=1), timer("1", 30))
    assert words(world) == ["activity book.1 completes", "timer.1 fires"]


def test_two_things_may_come_in_one_task_as_often_as_the_budget_says() -> None:
    world = answered(begun(APPROVE, together=1, trouble=0), activity("book"))
    both = ["activity book.1 completes, signal approve arrives", "signal approve arrives, activity book.1 completes"]
    assert words(world) == ["activity book.1 completes", "signal approve arrives", *both]
    assert words(answered(taken(world, "signal approve arrives"))) == ["activity book.1 completes"]


def test_after_trouble_the_last_of_the_budget_for_two_at_a_time_is_not_spent() -> None:
    for together, steps in ((1, 2), (2, 4)):
        world = answered(begun(APPROVE, together=together, trouble=1), activity("book"))
        assert len(words(answered(taken(world, CANCEL)))) == steps


def test_trouble_is_made_once_whatever_its_kind() -> None:
    world = answered(begun(APPROVE), activity("book", attempts=1))
    later = answered(taken(world, CANCEL))
    assert words(later) == ["activity book.1 completes", "signal approve arrives"]


def test_a_signal_comes_twice_only_right_after_itself() -> None:
    world = answered(begun(APPROVE, trouble=0, twice=1), activity("book"))
    later = answered(taken(world, "signal approve arrives"))
    assert words(later) == ["activity book.1 completes", "signal approve arrives once more"]
    last = answered(taken(later, "activity book.1 completes"))
    assert words(last) == []


def test_a_workflow_is_terminated_at_each_position_where_the_budget_says_so() -> None:
    world = answered(begun(cancel=0, fail=0, timeout=0, terminate=1), activity("book"))
    assert words(world) == ["activity book.1 completes", "the workflow is terminated"]
    later = taken(world, "the workflow is terminated")
    assert (later.close, kinds(later)[-1]) == ("terminated", "workflow_execution_terminated")


def test_a_timeout_of_the_workflow_comes_before_what_is_due_later() -> None:
    world = begin(
        replace(first(cancel=0, fail=0), events=[]), arguments=payloads(), timeouts=WorkflowTimeouts(run=3600)
    )
    world = answered(taken(world, "the first workflow task is handed out"), timer("1", 86_400))
    assert words(world) == ["the timeout of the workflow elapses"]
    later = taken(world, "the timeout of the workflow elapses")
    assert (later.close, kinds(later)[-1]) == ("timed out", "workflow_execution_timed_out")
    soon = answered(taken(first(cancel=0, timeout=0), "the first workflow task is handed out"), timer("1", 60))
    assert words(soon) == ["timer.1 fires"]
