"""A request goes through all that its execution needs, and reaches the server once."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.errors import UsageError
from harness.records.scenario import Scenario, start
from harness.trial.executing import executing
from harness.trial.live_tape import LiveTape

ANSWER = rpc.StartWorkflowExecutionResponse(run_id="run-1").SerializeToString()


class Slot:
    namespace = "trial-1"

    shares_server = True

    class server:  # noqa: N801 - stands for an attribute
        address = "127.0.0.1:1"


class Rig:
    alone: ClassVar[set[str]] = set()


async def asked(operation: str, *, one_program: bool) -> tuple[int, list[Any]]:
    """Ask twice, as two worker processes; return how often the server was asked, and the timeouts that it was given."""
    rig: Any = Rig()
    slot: Any = Slot()
    scenario = Scenario(worker="w", work=start("A"))
    sent: list[Any] = []
    async with executing(
        scenario, rig=rig, slot=slot, tape=LiveTape(), task_timeout=2, one_program=one_program
    ) as execute:
        for worker in (1, 2):
            request = rpc.StartWorkflowExecutionRequest(workflow_id="a", workflow_type=WorkflowType(name="A"))

            async def send(request: Any = request) -> bytes:
                sent.append(request.workflow_task_timeout.ToSeconds())
                return ANSWER

            assert await execute(operation, request, worker, send) == ANSWER
    return len(sent), sent


async def test_a_start_has_its_timeout_set_and_is_recalled_only_for_one_program() -> None:
    assert await asked("StartWorkflowExecution", one_program=False) == (2, [2, 2])
    assert await asked("StartWorkflowExecution", one_program=True) == (1, [2])


async def test_a_type_that_is_none_is_refused_before_anything_is_started() -> None:
    rig: Any = Rig()
    slot: Any = Slot()
    scenario = Scenario(worker="w", work=start("A"), search_attributes={"Topic": "Word"})
    with pytest.raises(UsageError, match="is no type"):
        async with executing(scenario, rig=rig, slot=slot, tape=LiveTape(), task_timeout=0, one_program=False):
            raise AssertionError("it was opened")
