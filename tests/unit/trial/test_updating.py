"""An update is waited for until the server has it; one that a reset cuts off is asked for once more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import PollWorkflowExecutionUpdateRequest
from temporalio.service import RPCError, RPCStatusCode

from harness.doors.wire.known_runs import KnownRun, Resets
from harness.records.scenario import update
from harness.trial.updating import request_id, until_admitted, updated


class Aborting:
    """A workflow whose first update is aborted, as is one whose run closes under it."""

    id = "Agent-run"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def execute_update(self, name: str, *, args: list[Any], id: str) -> str:
        self.asked.append(id)
        if len(self.asked) == 1:
            raise RPCError("workflow update was aborted by closing workflow", RPCStatusCode.NOT_FOUND, b"")
        return "closed"


def reset(*workflow_ids: str) -> Resets:
    resets = Resets()
    for each in workflow_ids:
        resets.begins(KnownRun(workflow_id=each, run_id="r", path="Agent", root=True))
    return resets


async def asked_for(handle: Any, resets: Resets) -> Any:
    return await updated(handle, update("close", at="start"), id="close-1", resets=resets)


async def test_it_is_asked_for_once_more_where_its_run_was_reset() -> None:
    handle = Aborting()
    assert await asked_for(handle, reset("Agent-run")) == "closed"
    assert handle.asked == ["close-1", "close-1"]


@pytest.mark.parametrize("others", [(), ("Other-run",)])
async def test_it_is_not_where_another_one_was_or_none(others: tuple[str, ...]) -> None:
    handle = Aborting()
    with pytest.raises(RPCError, match="aborted"):
        await asked_for(handle, reset(*others))
    assert handle.asked == ["close-1"]


class Server:
    """Admits an update when it is looked for the third time."""

    namespace = "slot-1"

    def __init__(self) -> None:
        self.workflow_service = self
        self.looked_for: list[str] = []

    async def poll_workflow_execution_update(self, request: PollWorkflowExecutionUpdateRequest) -> None:
        assert request.namespace == self.namespace
        assert request.update_ref.workflow_execution.workflow_id == "Agent-run"
        self.looked_for.append(request.update_ref.update_id)
        if len(self.looked_for) < 3:
            raise RPCError("update not found", RPCStatusCode.NOT_FOUND, b"")


async def test_an_update_is_waited_for_until_the_server_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.trial.updating._ADMITTED_SECONDS", 3600.0)
    server: Any = Server()
    await until_admitted(server, "Agent-run", id="close-1", asking=asyncio.Future())
    assert server.looked_for == ["close-1"] * 3


async def test_an_update_that_the_server_did_not_take_is_not_waited_for() -> None:
    server: Any = Server()
    asking = asyncio.Future[None]()
    asking.set_result(None)
    await until_admitted(server, "Agent-run", id="close-1", asking=asking)
    assert server.looked_for == []


async def test_it_goes_on_where_the_server_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.trial.updating._ADMITTED_SECONDS", 0.0)
    server: Any = Server()
    await until_admitted(server, "Agent-run", id="close-1", asking=asyncio.Future())
    assert len(server.looked_for) < 3


@pytest.mark.parametrize(("again", "known_as"), [("", "close-2"), ("same", "close-2"), ("another", "close-2-again")])
def test_what_is_sent_again_has_its_id_or_another(again: str, known_as: str) -> None:
    assert request_id(2, update("close", at="start"), again) == known_as
