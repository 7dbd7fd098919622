"""``start_activity``: the work of a scenario is an activity that no workflow schedules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.records.activity_timeouts import ActivityTimeouts
from harness.records.scenario import Start

if TYPE_CHECKING:
    from temporalio.common import RetryPolicy


def start_activity(
    activity: str | Callable[..., Any],
    *args: Any,
    inputs: Sequence[Sequence[Any]] = (),
    executions: int = 1,
    in_sequence: bool = False,
    id: str = "",
    start_to_close_timeout: float | timedelta = 0.0,
    schedule_to_close_timeout: float | timedelta = 0.0,
    schedule_to_start_timeout: float | timedelta = 0.0,
    heartbeat_timeout: float | timedelta = 0.0,
    retry_policy: RetryPolicy | None = None,
) -> Start:
    """Start an activity without a workflow, named by type or by its function.

    Args:
        activity: The activity.
        args: Its arguments.
        inputs: As in ``start``.
        executions: As in ``start``.
        in_sequence: As in ``start``.
        id: Activity id; by default the type followed by ``-run``; that of a second execution has ``-2`` after it.
        start_to_close_timeout: Seconds, or a ``timedelta``, that one attempt may take; it or the next is needed.
        schedule_to_close_timeout: The same for all attempts together.
        schedule_to_start_timeout: The same for the wait for a worker.
        heartbeat_timeout: The same for the time from one heartbeat to the next.
        retry_policy: The SDK's retry policy; None: the server's own, which retries without end.

    Raises:
        UsageError: What is given is no activity, there are arguments and inputs, or no timeout ends it.
    """
    if args and inputs:
        raise UsageError("give the arguments of one execution, or the inputs of several")
    timeouts = ActivityTimeouts(
        start_to_close=_seconds(start_to_close_timeout),
        schedule_to_close=_seconds(schedule_to_close_timeout),
        schedule_to_start=_seconds(schedule_to_start_timeout),
        heartbeat=_seconds(heartbeat_timeout),
        **(_retries(retry_policy) if retry_policy else {}),
    )
    name, modules = _named(activity)
    return Start(
        workflow=name,
        inputs=tuple(map(tuple, inputs)) or (args,),
        times=executions,
        in_sequence=in_sequence,
        id=id,
        modules=modules,
        activity=timeouts,
    )


def _named(activity: str | Callable[..., Any]) -> tuple[str, tuple[str, ...]]:
    """Return the type of an activity, and where its function is found."""
    if isinstance(activity, str):
        return activity, ()
    definition = getattr(activity, "__temporal_activity_definition", None)
    if definition is None or not definition.name:
        raise UsageError(f"{activity!r} is no activity: give its type name, or a function with @activity.defn")
    return definition.name, (f"{activity.__module__}:{activity.__qualname__}",)


def _retries(policy: RetryPolicy) -> dict[str, Any]:
    return {
        "initial_interval": _seconds(policy.initial_interval),
        "backoff_coefficient": policy.backoff_coefficient,
        "maximum_interval": _seconds(policy.maximum_interval or 0.0),
        "maximum_attempts": policy.maximum_attempts,
        "non_retryable": tuple(policy.non_retryable_error_types or ()),
    }


def _seconds(given: float | timedelta) -> float:
    return given.total_seconds() if isinstance(given, timedelta) else given
