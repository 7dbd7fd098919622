"""The server's frontend as crashproof itself calls it: past the doors, in the namespace of one trial."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import request_response_pb2 as operator
from temporalio.api.workflowservice.v1 import request_response_pb2 as workflow_service

from harness.temporal.service import OPERATOR_SERVICE, SERVICE, UNLIMITED
from harness.temporal.task_events import mend_task_events
from harness.temporal.unary_call import response_of

_CLOSE_ONLY = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
CALL_LIMIT = 20.0  # seconds
_PAUSE = 0.1  # seconds between two tries while the server is away


class Frontend:
    """Calls the WorkflowService of a server in one namespace. An async context manager."""

    def __init__(self, *, address: str, namespace: str) -> None:
        self.address = address
        self.namespace = namespace
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Frontend:
        self._channel = grpc.aio.insecure_channel(self.address, options=UNLIMITED)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._channel:
            await self._channel.close()

    async def call(
        self, operation: str, *, limit: float = CALL_LIMIT, service: Any = workflow_service, **fields: Any
    ) -> Any:
        """Make one RPC, by name and request fields, and return its response.

        A server that was killed is waited for: what was under way is asked again.

        Raises:
            grpc.aio.AioRpcError: The server refused it or did not answer within ``limit`` seconds.
        """
        assert self._channel is not None
        kind = getattr(service, f"{operation}Request")
        if "namespace" in kind.DESCRIPTOR.fields_by_name:
            fields = {"namespace": self.namespace, **fields}
        method: Any = self._channel.unary_unary(
            (OPERATOR_SERVICE if service is operator else SERVICE) + operation,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=getattr(service, f"{operation}Response").FromString,
        )
        request, deadline = kind(**fields), time.monotonic() + limit
        while True:
            left = deadline - time.monotonic()
            try:
                return await response_of(method(request, timeout=left, wait_for_ready=True))
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() + _PAUSE > deadline:
                    error.add_note(operation)
                    raise
            await asyncio.sleep(_PAUSE)

    async def search_attributes(self) -> set[str]:
        """Return the names of all search attributes that the namespace knows."""
        reply = await self.call("ListSearchAttributes", service=operator)
        return {*reply.custom_attributes, *reply.system_attributes}

    async def add_search_attributes(self, types: Mapping[str, int]) -> None:
        """Make search attributes in the namespace; they can be used at once.

        Args:
            types: Name and ``IndexedValueType`` of each.
        """
        await self.call("AddSearchAttributes", service=operator, search_attributes=types)

    async def nexus_endpoint(self, name: str) -> str | None:
        """Return the namespace that a Nexus endpoint of the cluster leads to; None where there is no such endpoint."""
        reply = await self.call("ListNexusEndpoints", service=operator, name=name)
        return next((each.spec.target.worker.namespace for each in reply.endpoints), None)

    async def create_nexus_endpoint(self, name: str, *, task_queue: str) -> None:
        """Make a Nexus endpoint that leads to a task queue of the namespace."""
        worker = EndpointTarget.Worker(namespace=self.namespace, task_queue=task_queue)
        spec = EndpointSpec(name=name, target=EndpointTarget(worker=worker))
        await self.call("CreateNexusEndpoint", service=operator, spec=spec)

    async def delete_nexus_endpoints(self) -> None:
        """Delete every Nexus endpoint that leads to the namespace."""
        for each in (await self.call("ListNexusEndpoints", service=operator)).endpoints:
            if each.spec.target.worker.namespace == self.namespace:
                await self.call("DeleteNexusEndpoint", service=operator, id=each.id, version=each.version)

    async def close_event(self, *, workflow_id: str, run_id: str) -> Any:
        """Wait until a run closes and return its last event."""
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        token = b""
        while True:
            reply = await self.call(
                "GetWorkflowExecutionHistory",
                limit=60.0,
                execution=execution,
                wait_new_event=True,
                history_event_filter_type=_CLOSE_ONLY,
                next_page_token=token,
            )
            if reply.history.events:
                return reply.history.events[-1]
            token = reply.next_page_token

    async def history(self, *, workflow_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the events of a run as Temporal's JSON has them."""
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        events = [event async for event in self._events(execution)]
        mend_task_events(events)
        return [MessageToDict(event) for event in events]

    async def activity(self, *, activity_id: str, run_id: str, limit: float = CALL_LIMIT) -> Any:
        """Return what the server says of an activity that no workflow scheduled: DescribeActivityExecution's response.

        Raises:
            grpc.aio.AioRpcError: As ``call``.
        """
        more = {"include_input": True, "include_outcome": True}
        return await self.call("DescribeActivityExecution", limit=limit, activity_id=activity_id, run_id=run_id, **more)

    async def activity_closed(self, *, activity_id: str, run_id: str) -> None:
        """Wait until an activity that no workflow scheduled has ended, in whatever way."""
        ended = False
        while not ended:
            reply = await self.call("PollActivityExecution", limit=60.0, activity_id=activity_id, run_id=run_id)
            ended = reply.HasField("outcome")

    async def _events(self, execution: Any) -> AsyncIterator[Any]:
        token = b""
        while True:
            reply = await self.call("GetWorkflowExecutionHistory", execution=execution, next_page_token=token)
            for event in reply.history.events:
                yield event
            token = reply.next_page_token
            if not token:
                return
