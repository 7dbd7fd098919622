"""Updates, as crashproof asks for them in the place of a client."""

from __future__ import annotations

from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from harness.doors.wire.known_runs import Resets
from harness.records.scenario import Send


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
