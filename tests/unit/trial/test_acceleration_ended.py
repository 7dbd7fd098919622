"""An activity that ends while its timeout is cut down has nothing left to recover, whatever the server calls that."""

from __future__ import annotations

from typing import Any, cast

import grpc
import grpc.aio
import pytest
from temporalio.api.activity.v1 import ActivityExecutionInfo
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import DescribeActivityExecutionResponse

from harness.servers.frontend import Frontend
from harness.servers.pending import RunOnServer
from harness.trial.acceleration import Acceleration

RUN = RunOnServer("charge-run", "r1", is_activity=True)


class Ending:
    """A frontend whose activity runs when it is looked at, and has ended when its options are to be changed."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    async def activity(self, **_: Any) -> DescribeActivityExecutionResponse:
        info = ActivityExecutionInfo(
            activity_id="charge-run", run_state=PendingActivityState.PENDING_ACTIVITY_STATE_STARTED, attempt=1
        )
        info.start_to_close_timeout.FromSeconds(300)
        return DescribeActivityExecutionResponse(info=info)

    async def call(self, operation: str, **_: Any) -> None:
        assert operation == "UpdateActivityExecutionOptions"
        raise grpc.aio.AioRpcError(self._code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="it is Completed")


@pytest.mark.parametrize("code", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND])
async def test_one_that_has_ended_meanwhile_is_left_alone(code: grpc.StatusCode) -> None:
    notes: list[str] = []
    acceleration = Acceleration(cast(Frontend, Ending(code)), note=lambda what, **_: notes.append(what))
    await acceleration.recover(executions=[RUN], worker=1)
    await acceleration.recover_activity(run=RUN, activity_id="charge-run", worker=1, running=False)
    assert notes == []


async def test_another_refusal_is_raised() -> None:
    acceleration = Acceleration(cast(Frontend, Ending(grpc.StatusCode.PERMISSION_DENIED)), note=lambda what, **_: None)
    with pytest.raises(grpc.aio.AioRpcError, match="Completed"):
        await acceleration.recover(executions=[RUN], worker=1)
