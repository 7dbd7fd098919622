"""Updates, as crashproof asks for them in the place of a client, and the ids of what it sends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.update.v1 import UpdateRef
from temporalio.api.workflowservice.v1 import PollWorkflowExecutionUpdateRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from harness.doors.wire.known_runs import Resets
from harness.records.scenario import Send

_LOOK_EVERY = 0.01  # seconds
_ADMITTED_SECONDS = 5.0  # for the server to take an update


def request_id(number: int, send: Send, again: str = "") -> str:
    """Return the id of what is sent, by which the server knows the same when it comes again.

    Args:
        number: Its number among all that the scenario sends.
        send: What is sent.
        again: ``another`` where it is sent again as another request.
    """
    return f"{send.name}-{number}" + ("-again" if again == "another" else "")


async def updated(handle: WorkflowHandle[Any, Any], send: Send, *, id: str, resets: Resets) -> Any:
    """Return what an update is answered with, which is asked for once more where a reset has cut it off.

    A reset closes the run, and the server tells who waits for an update that it is aborted by that. Whoever wants it
    asks again, and the run that goes on from there takes it.

    Args:
        handle: The workflow, by its id alone.
        send: The update.
        id: Its id, the same both times.
        resets: Knows which runs were reset.

    Raises:
        WorkflowUpdateFailedError: The workflow refused it, or failed it.
        RPCError: The server did not take it, or aborted it for another reason.
    """
    try:
        return await handle.execute_update(send.name, args=list(send.args), id=id)
    except RPCError:
        if not resets.cut_off(handle.id):
            raise
    return await handle.execute_update(send.name, args=list(send.args), id=id)


async def until_admitted(client: Client, workflow_id: str, *, id: str, asking: asyncio.Future[Any]) -> None:
    """Wait until the server has an update that is asked for, whoever is to answer it: no workflow closes over it then.

    Args:
        client: A client of the namespace.
        workflow_id: The workflow that is asked.
        id: The update's id.
        asking: Done when it is answered, or was not taken.
    """
    asked_for = UpdateRef(workflow_execution=WorkflowExecution(workflow_id=workflow_id), update_id=id)
    request = PollWorkflowExecutionUpdateRequest(namespace=client.namespace, update_ref=asked_for)
    with suppress(TimeoutError):
        async with asyncio.timeout(_ADMITTED_SECONDS):
            while not asking.done():
                try:  # it does not say how far the update is to be, and so is answered at once
                    await client.workflow_service.poll_workflow_execution_update(request)
                    return
                except RPCError:  # it is not there yet
                    await asyncio.sleep(_LOOK_EVERY)
