"""Executions begin all at once or one after the other, and an id that is in use is told with what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.exceptions import WorkflowAlreadyStartedError

from harness.doors.wire.attribution import Attribution
from harness.errors import UsageError
from harness.records.scenario import Scenario, start
from harness.records.tape import acts
from harness.trial.beginning import Beginning
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape


class Server:
    """Starts workflows, unless their id is in use, and hears what is sent at their start."""

    def __init__(self, *, in_use: str = "") -> None:
        self.began: list[str] = []
        self.sent: list[str] = []
        self.client = self
        self._in_use = in_use

    async def start_workflow(self, workflow: str, *, id: str, **_: Any) -> Any:
        if id == self._in_use:
            raise WorkflowAlreadyStartedError(id, workflow)
        self.began.append(id)
        return SimpleNamespace(first_execution_run_id=f"run of {id}")

    async def send_at_start(self, workflow_id: str) -> None:
        self.sent.append(workflow_id)


def beginning(server: Server, tape: LiveTape, *, in_sequence: bool = False) -> Beginning:
    work = start("Agent", "x", executions=2, in_sequence=in_sequence)
    scenario = Scenario(worker="w", work=work)
    return Beginning(scenario, driver=cast("Driver", server), tape=tape, attribution=Attribution(begins_at_door=False))


@pytest.mark.parametrize("in_sequence", [False, True])
async def test_all_begin_at_once_or_one_after_the_other(in_sequence: bool) -> None:
    server, tape = Server(), LiveTape()
    begins = beginning(server, tape, in_sequence=in_sequence)
    await begins.start(task_queue="q", task_timeout=0)
    assert server.began == server.sent == ["Agent-run", "Agent-run-2"][: 1 if in_sequence else 2]
    await begins.start_next()
    await begins.start_next()
    assert server.began == server.sent == ["Agent-run", "Agent-run-2"]
    assert len(list(acts(tape.entries, "start"))) == 2


async def test_an_id_that_is_in_use_is_told() -> None:
    with pytest.raises(UsageError, match=r"the workflow id 'Agent-run' is in use: .* started_by_worker\(\)"):
        await beginning(Server(in_use="Agent-run"), LiveTape()).start(task_queue="q", task_timeout=0)
