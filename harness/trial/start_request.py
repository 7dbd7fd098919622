"""Start requests: the only requests whose content the wire door changes on its way, and only where a trial needs it."""

from __future__ import annotations

from typing import Any

from harness.doors.wire.proxy import Execute, Send, send_it

_STARTS = ("StartWorkflowExecution", "SignalWithStartWorkflowExecution")


class StartRequests:
    """Gives workflow tasks a timeout that a trial can wait for.

    Args:
        task_timeout: Workflow task timeout in seconds for a start that declares none; 0: leave it.
        execute: Executes each request then.
    """

    def __init__(self, *, task_timeout: float, execute: Execute = send_it) -> None:
        self._task_timeout = task_timeout
        self._execute = execute

    async def execute(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        """Change a start in place, and execute it; execute any other request as it is."""
        undeclared = operation in _STARTS and not request.workflow_task_timeout.ToNanoseconds()
        if self._task_timeout and undeclared:
            request.workflow_task_timeout.FromMilliseconds(round(self._task_timeout * 1000))
        return await self._execute(operation, request, worker, send)
