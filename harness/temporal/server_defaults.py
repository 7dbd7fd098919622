"""What the server fills in or cuts off before it writes a command down as an event: none of it is a difference.

Read in the source of server 1.29.1 (``command_attr_validator.go``, ``retry_policy.go``, ``create_workflow_util.go``)
and measured on its dev server:

- activity: each unset part of the retry policy (1 s, x2, 100 times the initial interval), also where there is no policy
  at all; schedule-to-start and start-to-close from schedule-to-close, and no longer than it; schedule-to-close and
  schedule-to-start from the run timeout, if there is one, and none of them longer than it; the heartbeat timeout no
  longer than start-to-close.
- child workflow: task queue of the parent; workflow task timeout 10 s, at most 120 s and at most the run timeout; run
  timeout from the execution timeout, and no longer; parent close policy TERMINATE; id reuse policy ALLOW_DUPLICATE; the
  unset parts of a retry policy, where there is one.
- continue as new: workflow type, task queue, run timeout and workflow task timeout of this run. Its retry policy and
  cron schedule are in no event of the run: a change there cannot be seen.
- Nexus operation: schedule-to-close no longer than the run timeout.
- timers and all timeouts: 100 years at most.

The policy's defaults and the 10 s are settings of the server: where they were changed, an unset value that was filled
in differently shows as a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.temporal.retry_policy import RETRY_COEFFICIENT, RETRY_INITIAL_SECONDS, RETRY_MAXIMUM_FACTOR
from harness.temporal.run import WorkflowRun

TASK_TIMEOUT_SECONDS = 10.0
TASK_TIMEOUT_MAXIMUM_SECONDS = 120.0
LONGEST_SECONDS = 100 * 365 * 24 * 3600.0

Fields = dict[str, Any]


def filled(kind: str, fields: Mapping[str, Any], *, run: WorkflowRun) -> Mapping[str, Any]:
    """Return the fields of a command as the server writes them into the event."""
    written = {
        name: min(value, LONGEST_SECONDS) if name.endswith("Timeout") else value for name, value in fields.items()
    }
    fill = _FILLED.get(kind)
    if fill is None:
        return written
    fill(written, run)
    return {name: value for name, value in written.items() if not name.endswith("Timeout") or value}


def _activity(fields: Fields, run: WorkflowRun) -> None:
    fields.setdefault("taskQueue", run.task_queue)
    _retry_policy(fields)
    to_close = fields.get("scheduleToCloseTimeout", 0.0)
    if to_close:
        for name in ("scheduleToStartTimeout", "startToCloseTimeout"):
            fields[name] = min(fields.get(name, to_close), to_close)
    else:
        fields["scheduleToCloseTimeout"] = run.run_timeout
        fields.setdefault("scheduleToStartTimeout", run.run_timeout)
    for name in ("scheduleToCloseTimeout", "scheduleToStartTimeout", "startToCloseTimeout", "heartbeatTimeout"):
        fields[name] = _at_most(fields.get(name, 0.0), run.run_timeout)
    fields["heartbeatTimeout"] = min(fields["heartbeatTimeout"], fields["startToCloseTimeout"])


def _child(fields: Fields, run: WorkflowRun) -> None:
    fields.setdefault("taskQueue", run.task_queue)
    fields.setdefault("parentClosePolicy", "PARENT_CLOSE_POLICY_TERMINATE")
    fields.setdefault("workflowIdReusePolicy", "WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE")
    if any(name.startswith("retryPolicy.") for name in fields):
        _retry_policy(fields)
    _workflow_timeouts(fields, fields.get("workflowExecutionTimeout", 0.0))


def _continued(fields: Fields, run: WorkflowRun) -> None:
    fields.setdefault("workflowType", run.workflow_type)
    fields.setdefault("taskQueue", run.task_queue)
    fields.setdefault("workflowRunTimeout", run.run_timeout)
    fields.setdefault("workflowTaskTimeout", run.task_timeout)
    _workflow_timeouts(fields, run.execution_timeout)


def _operation(fields: Fields, run: WorkflowRun) -> None:
    if run.run_timeout:
        fields["scheduleToCloseTimeout"] = _at_most(
            fields.get("scheduleToCloseTimeout", run.run_timeout), run.run_timeout
        )


def _workflow_timeouts(fields: Fields, execution_timeout: float) -> None:
    run_timeout = _at_most(fields.get("workflowRunTimeout", 0.0) or execution_timeout, execution_timeout)
    fields["workflowRunTimeout"] = run_timeout
    task_timeout = min(fields.get("workflowTaskTimeout", 0.0) or TASK_TIMEOUT_SECONDS, TASK_TIMEOUT_MAXIMUM_SECONDS)
    fields["workflowTaskTimeout"] = _at_most(task_timeout, run_timeout)


def _retry_policy(fields: Fields) -> None:
    initial = fields.setdefault("retryPolicy.initialInterval", RETRY_INITIAL_SECONDS)
    fields.setdefault("retryPolicy.backoffCoefficient", RETRY_COEFFICIENT)
    fields.setdefault("retryPolicy.maximumInterval", RETRY_MAXIMUM_FACTOR * initial)


def _at_most(seconds: float, limit: float) -> float:
    """Return seconds, cut to a limit where there is one."""
    return min(seconds, limit) if limit else seconds


_FILLED: Mapping[str, Callable[[Fields, WorkflowRun], None]] = {
    "ScheduleActivityTask": _activity,
    "StartChildWorkflowExecution": _child,
    "ContinueAsNewWorkflowExecution": _continued,
    "ScheduleNexusOperation": _operation,
}
