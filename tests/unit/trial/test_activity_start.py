"""An activity is started as it is declared; why the server does not take it is told with what helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from harness.errors import UsageError
from harness.records.activity_timeouts import ActivityTimeouts
from harness.trial.activity_start import begin_activity, start_of_activity


class Refusing:
    """A client whose server starts nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def start_activity(self, **_: Any) -> None:
        raise self._error


def test_nothing_that_is_not_declared_is_asked_for() -> None:
    start = start_of_activity("book", ["Rome"], declared=ActivityTimeouts(start_to_close=9), id="one", queue="q")
    assert start.pop("start_to_close_timeout") == timedelta(seconds=9)
    asked = {name: value for name, value in start.items() if value is not None}
    assert asked == {"activity": "book", "args": ["Rome"], "id": "one", "task_queue": "q"}


def test_a_retry_policy_has_what_is_declared_and_else_the_defaults() -> None:
    declared = ActivityTimeouts(start_to_close=9, maximum_attempts=5)
    start = start_of_activity("book", [], declared=declared, id="one", queue="q")
    assert start["retry_policy"] == RetryPolicy(maximum_attempts=5)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ActivityAlreadyStartedError("one", "book", run_id="r"), r"the activity id 'one' is in use.*--id"),
        (RPCError("unknown method", RPCStatusCode.UNIMPLEMENTED, b""), "takes no activity without a workflow.*server"),
    ],
)
async def test_what_the_server_does_not_take_is_told(error: Exception, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        await begin_activity(cast(Client, Refusing(error)), {"id": "one"})


async def test_another_refusal_is_not_taken_for_that() -> None:
    refusing = Refusing(RPCError("no permission", RPCStatusCode.PERMISSION_DENIED, b""))
    with pytest.raises(RPCError, match="no permission"):
        await begin_activity(cast(Client, refusing), {"id": "one"})
