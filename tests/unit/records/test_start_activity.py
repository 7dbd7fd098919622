"""An activity is started without a workflow by what a client of the SDK would give; what cannot end is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.common import RetryPolicy

from harness.errors import UsageError
from harness.records.activity_timeouts import ActivityTimeouts
from harness.records.scenario import Scenario, cancel, reached, signal, start
from harness.records.start_activity import start_activity


@activity.defn(name="book_it")
async def book(city: str) -> str:
    return city


def test_an_activity_is_named_by_its_function_or_by_its_type() -> None:
    named = start_activity(book, "Rome", start_to_close_timeout=timedelta(minutes=5))
    assert (named.workflow, named.inputs, named.modules) == ("book_it", (("Rome",),), (f"{__name__}:book",))
    assert named.activity == ActivityTimeouts(start_to_close=300)
    by_type = start_activity("book_it", "Rome", start_to_close_timeout=300, executions=2)
    assert by_type.executions == {"book_it-run": ("Rome",), "book_it-run-2": ("Rome",)}


def test_timeouts_and_retries_are_those_of_the_sdk() -> None:
    policy = RetryPolicy(
        initial_interval=timedelta(seconds=2),
        maximum_interval=timedelta(seconds=9),
        maximum_attempts=5,
        non_retryable_error_types=["Refused"],
    )
    started = start_activity(
        book, "Rome", schedule_to_close_timeout=900, heartbeat_timeout=timedelta(seconds=30), retry_policy=policy
    )
    assert started.activity == ActivityTimeouts(
        schedule_to_close=900,
        heartbeat=30,
        initial_interval=2,
        backoff_coefficient=2,
        maximum_interval=9,
        maximum_attempts=5,
        non_retryable=("Refused",),
    )
    assert started.activity.in_words == "schedule to close 900 s, heartbeat 30 s, at most 5 attempts"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"args": ("Rome",)}, "needs start_to_close_timeout or schedule_to_close_timeout"),
        ({"args": ("Rome",), "start_to_close_timeout": -1}, "numbers from 0 on"),
        ({"args": ("Rome",), "inputs": [("Oslo",)], "start_to_close_timeout": 1}, "of one execution, or the inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        start_activity(book, *given.pop("args"), **given)


def test_a_function_that_is_no_activity_is_refused() -> None:
    with pytest.raises(UsageError, match="is no activity: give its type name, or a function with @activity"):
        start_activity(print, start_to_close_timeout=1)


def test_nothing_but_a_cancellation_is_sent_to_an_activity() -> None:
    alone = Scenario(worker="w", work=start_activity("book", start_to_close_timeout=1), over=reached("before/*"))
    assert alone.is_activity
    assert alone.needs == {"activities without a workflow": "it starts an activity alone"}
    assert not replace(alone, work=start("Trip")).is_activity
    assert replace(alone, sends=[cancel(at="after/PollActivityTaskQueue/*")]).is_activity
    with pytest.raises(UsageError, match="can be cancelled and is sent nothing else, no signal"):
        replace(alone, sends=[cancel(at="start"), signal("go")])
