"""What a workflow does not take is told from its code, before a server starts; what cannot be known is let pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.common import RawValue

from harness import Scenario, UsageError, query, signal, start, start_activity, update
from harness.records.scenario import Send
from harness.trial.taken_messages import dropped_in, look_at_messages


@dataclass
class Approval:
    """An approval."""

    by: str
    notes: str = ""


@workflow.defn
class Asking:
    """Takes a signal, an update and a query."""

    @workflow.run
    async def run(self, title: str, pages: int = 1) -> str:
        """Do nothing."""
        return title

    @workflow.signal
    def approve(self, notes: str = "") -> None:
        """Approve."""

    @workflow.update
    async def sign(self, approval: Approval) -> None:
        """Approve by name."""

    @workflow.query
    def approved(self) -> bool:
        """Tell nothing."""
        return False


@workflow.defn
class TakingAll:
    """Takes whatever comes."""

    @workflow.run
    async def run(self, title: Any) -> None:
        """Do nothing."""

    @workflow.signal(dynamic=True)
    def whatever(self, name: str, args: Sequence[RawValue]) -> None:
        """Take it."""


def look(*sends: Send, work: Any = None) -> None:
    look_at_messages(Scenario(worker="w", work=work or start(Asking.run, "Spring"), sends=sends))


def refused(*sends: Send, work: Any = None) -> str:
    with pytest.raises(UsageError) as error:
        look(*sends, work=work)
    return str(error.value)


def test_what_it_takes_is_right() -> None:
    look(signal("approve"), signal("approve", "yes"), update("sign", Approval("Ann")), update("sign", {"by": "Ann"}))
    look(query("approved", at="start"), query("__stack_trace", at="then"), work=start(Asking.run, "Spring", 3))
    look(signal("anything", 1, 2), update("sign", 3), work=start("Asking", "Spring"))


def test_a_name_that_it_does_not_know_is_told_with_the_nearest() -> None:
    assert refused(signal("aprove")) == (
        "the workflow Asking knows no signal 'aprove' (did you mean 'approve'?); it knows approve"
    )
    assert refused(update("approve", "x")) == "the workflow Asking knows no update 'approve'; it knows sign"
    assert refused(update("sign", 1), work=start(TakingAll.run, "x")) == (
        "the workflow TakingAll knows no update 'sign'; it knows no update"
    )


def test_arguments_of_another_number_are_told() -> None:
    assert refused(signal("approve", "yes", 1)) == (
        "signal approve of Asking takes (notes: str = ''), and is given ('yes', 1): too many positional arguments"
    )
    assert "missing a required argument: 'title'" in refused(work=start(Asking.run))


def test_arguments_of_another_shape_are_told() -> None:
    assert "and is given 3: " in refused(signal("approve", 3))
    assert "and is given {'notes': 'yes'}: " in refused(update("sign", {"notes": "yes"}))
    assert "and is given 'Ann': " in refused(update("sign", "Ann"))
    assert "and is given 'two': " in refused(work=start(Asking.run, "Spring", "two"))


def test_what_is_handled_dynamically_is_let_pass() -> None:
    look(signal("whatever", 1, 2), work=start(TakingAll.run, object))


@activity.defn(name="book_it")
async def book(city: str, nights: int = 1) -> str:
    return city


class Booking:
    @activity.defn
    async def cancel(self, city: str) -> None: ...


def test_the_arguments_of_an_activity_are_looked_at_as_well() -> None:
    look(work=start_activity(book, "Rome", 2, start_to_close_timeout=1))
    look(work=start_activity(Booking.cancel, "Rome", start_to_close_timeout=1))
    look(work=start_activity("by type", object(), start_to_close_timeout=1))
    assert "activity book_it takes (city: str, nights: int = 1), and is given ()" in refused(
        work=start_activity(book, start_to_close_timeout=1)
    )
    assert "and is given 'two': " in refused(work=start_activity(book, "Rome", "two", start_to_close_timeout=1))


DROPPED = """
Failed deserializing signal input for sign-it on workflow Asking with ID a and run ID b, dropping the signal
Traceback (most recent call last):
TypeError: Unserializable type during conversion: <enum 'Decision'>

The above exception was the direct cause of the following exception:

RuntimeError: Failed decoding arguments
"""


def test_a_signal_that_the_worker_dropped_is_told_with_its_first_cause() -> None:
    assert dropped_in("Worker started\n" + DROPPED).startswith(
        "the worker dropped the signal sign-it, since it cannot decode what it was sent with: "
        "TypeError: Unserializable type during conversion: <enum 'Decision'>; say what it takes"
    )
    assert dropped_in("Worker started\nRuntimeError: Failed decoding arguments\n") == ""
