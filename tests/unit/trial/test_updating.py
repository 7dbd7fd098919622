"""An update that a reset cuts off is asked for once more; one that is aborted for another reason is not."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from harness.doors.wire.known_runs import KnownRun, Resets
from harness.records.scenario import update
from harness.trial.updating import updated


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
