"""Start requests: the only requests that the wire door changes on their way, and only so far as a trial needs it."""

from __future__ import annotations

from typing import Any

from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy

from harness.records.act_facts import WorkAttached
from harness.trial.live_tape import LiveTape

_USE_EXISTING = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
_ALLOW = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
_TERMINATE = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING


class StartRequests:
    """Changes requests that start a workflow, so that a program which starts its own work can be started again.

    Such a program would end with WorkflowAlreadyStartedError at its second start. The door then sets the conflict
    policy to USE_EXISTING, so that it attaches to the open run; the act ``attach`` on the tape says so.

    Args:
        tape: Where each attachment is put down.
        task_timeout: Workflow task timeout in seconds for a start that declares none; 0: leave it.
        attaches: Whether second starts attach; in a baseline there is none.
    """

    def __init__(self, *, tape: LiveTape, task_timeout: float, attaches: bool) -> None:
        self._tape = tape
        self._task_timeout = task_timeout
        self._attaches = attaches
        self._started: dict[str, int] = {}

    def rewrite(self, operation: str, request: Any, worker: int) -> None:
        """Change a start on its way to the server, in place."""
        if operation not in ("StartWorkflowExecution", "SignalWithStartWorkflowExecution"):
            return
        if self._task_timeout and not request.workflow_task_timeout.ToNanoseconds():
            request.workflow_task_timeout.FromMilliseconds(round(self._task_timeout * 1000))
        before = self._started.setdefault(request.workflow_id, worker)
        if self._attaches and worker > before:
            request.workflow_id_conflict_policy = _USE_EXISTING
            if request.workflow_id_reuse_policy == _TERMINATE:
                request.workflow_id_reuse_policy = _ALLOW
            self._tape.note("attach", worker=worker, facts=WorkAttached(workflow_id=request.workflow_id))
