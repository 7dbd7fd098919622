"""Reads executions and their histories from a Temporal cluster, patiently, and changes nothing there.

The calls made are ListWorkflowExecutions, DescribeWorkflowExecution and GetWorkflowExecutionHistory, and GetSystemInfo
by which a client connects. There is no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    GetSystemInfoRequest,
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.converter import default as default_converter
from temporalio.service import RPCError, RPCStatusCode

from harness.errors import RigError, UsageError
from harness.histories.choosing import Candidate
from harness.temporal.duration import seconds_of

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds for which a call is made again that the cluster did not take."""

ANSWER_WITHIN = timedelta(seconds=30)
PAGE = 1000

_FIRST_WAIT = 0.25
_LONGEST_WAIT = 8.0
_PASSING = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.DEADLINE_EXCEEDED}
_REFUSED = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}
_VERSION_ATTRIBUTES = ("BuildIds", "TemporalChangeVersion", "TemporalWorkerDeploymentVersion")


class GoneError(Exception):
    """The cluster has no such execution, or has it no longer."""


class Cluster:
    """Reads the executions of one namespace.

    Args:
        client: A client of that namespace.
        tell: Is told of long listings and of every wait, in words.
        patience: Seconds for which a call is made again that the cluster did not take.
    """

    def __init__(
        self, client: Client, *, tell: Callable[[str], None] = lambda _: None, patience: float = PATIENCE
    ) -> None:
        self._service = client.workflow_service
        self._tell = tell
        self._patience = patience
        self.namespace = client.namespace

    async def version(self) -> str:
        """Return the version of the server; empty if it does not tell.

        Raises:
            UsageError, RigError: As of every method here, if the cluster refuses, or cannot be reached in time.
        """
        return str((await self._call(self._service.get_system_info, GetSystemInfoRequest())).server_version)

    async def listed(self, query: str, *, at_most: int) -> tuple[list[Candidate], bool]:
        """Return the executions that a query lists, in the order of the server, and whether there are more.

        Args:
            query: List filter of Temporal; empty for all.
            at_most: How many to list.
        """
        listed: list[Candidate] = []
        token = b""
        while len(listed) < at_most:
            request = ListWorkflowExecutionsRequest(
                namespace=self.namespace, query=query, page_size=min(PAGE, at_most - len(listed)), next_page_token=token
            )
            page = await self._call(self._service.list_workflow_executions, request, query=query)
            listed += [_candidate(each) for each in page.executions]
            token = page.next_page_token
            if token:
                self._tell(f"{len(listed)} executions listed so far")
            else:
                return listed, False
        return listed, True

    async def described(self, workflow_id: str, *, run_id: str = "") -> Candidate:
        """Return one execution.

        Args:
            workflow_id: Workflow id.
            run_id: Run id; empty for the latest run.

        Raises:
            GoneError: There is none.
        """
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        request = DescribeWorkflowExecutionRequest(namespace=self.namespace, execution=execution)
        answer = await self._call(self._service.describe_workflow_execution, request)
        return _candidate(answer.workflow_execution_info)

    async def events(
        self, candidate: Candidate, *, each_page: Callable[[list[HistoryEvent]], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Return the history of an execution as it is now.

        Args:
            candidate: The execution.
            each_page: Turns events into what is wanted of them, page by page as they come.

        Raises:
            GoneError: The cluster has it no longer.
        """
        execution = WorkflowExecution(workflow_id=candidate.workflow_id, run_id=candidate.run_id)
        request = GetWorkflowExecutionHistoryRequest(namespace=self.namespace, execution=execution)
        events: list[dict[str, Any]] = []
        while True:
            page = await self._call(self._service.get_workflow_execution_history, request)
            read = list(page.history.events)
            for blob in page.raw_history:  # a server may hand out its own encoding of the same
                read += History.FromString(blob.data).events
            events += await asyncio.to_thread(each_page, read)
            if not page.next_page_token:
                return events
            request.next_page_token = page.next_page_token

    async def _call(self, method: Callable[..., Awaitable[T]], request: Any, *, query: str = "") -> T:
        """Make one call, and make it again with growing waits while the cluster is busy or away."""
        began, wait = time.monotonic(), _FIRST_WAIT
        while True:
            try:
                return await method(request, retry=False, timeout=ANSWER_WITHIN)
            except RPCError as error:
                if error.status not in _PASSING:
                    raise self._explained(error, query) from error
                if time.monotonic() - began + wait > self._patience:
                    raise RigError(
                        f"the cluster did not answer within {self._patience:g} s: "
                        f"{error.status.name}: {error.message}; run the same command again to go on"
                    ) from error
                self._tell(f"{error.status.name}: {error.message}; trying again in {wait:g} s")
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _explained(self, error: RPCError, query: str) -> Exception:
        if error.status is RPCStatusCode.NOT_FOUND:
            if "NamespaceNotFound" in str(error.grpc_status) or error.message.startswith("Namespace "):
                return UsageError(f"there is no namespace {self.namespace!r} here; name another with --namespace")
            return GoneError(error.message)
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            asked = f" the query `{query}`" if query else " this"
            return UsageError(f"the cluster does not take{asked}: {error.message}")
        if error.status in _REFUSED:
            return RigError(
                f"the cluster refuses to let these credentials read namespace {self.namespace!r}: {error.message}; "
                "a key or certificate that may read is given by --api-key or --tls-cert-path and --tls-key-path, "
                "or a --profile"
            )
        return RigError(f"the cluster failed: {error.status.name}: {error.message}")


def _candidate(info: WorkflowExecutionInfo) -> Candidate:
    return Candidate(
        workflow_id=info.execution.workflow_id,
        run_id=info.execution.run_id,
        workflow_type=info.type.name,
        status=WorkflowExecutionStatus.Name(info.status).removeprefix("WORKFLOW_EXECUTION_STATUS_"),
        task_queue=info.task_queue,
        started=seconds_of(info.start_time),
        closed=seconds_of(info.close_time) if info.HasField("close_time") else None,
        events=info.history_length,
        size=info.history_size_bytes,
        versions=_versions(info),
    )


def _versions(info: WorkflowExecutionInfo) -> tuple[str, ...]:
    converter = default_converter().payload_converter
    versions: list[str] = []
    for name in _VERSION_ATTRIBUTES:
        if name in info.search_attributes.indexed_fields:
            value = converter.from_payload(info.search_attributes.indexed_fields[name])
            versions += [str(each) for each in (value if isinstance(value, list) else [value])]
    return tuple(versions)
