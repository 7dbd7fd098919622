from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from harness.errors import RigError
from harness.replay.in_process.observer import CommandObserver, ObservedReplay
from tests import TESTS
from tests.replay import sample_commands, sample_workflows

HERE = TESTS / "replay"
SANDBOX = SandboxRestrictions.default


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


def events(name: str) -> list[dict[str, Any]]:
    read: dict[str, list[dict[str, Any]]] = json.loads((HERE / "histories" / f"{name}.json").read_text())
    return read["events"]


async def recorded(
    name: str, *, runner: WorkflowRunner | None = None, observer: CommandObserver | None = None, cut: Sequence[Any] = ()
) -> tuple[str, ObservedReplay]:
    """Replay a stored history, or the given events, and return Temporal's complaint and what was recorded."""
    observer = observer or CommandObserver()
    classes = [sample_commands.AllCommands, sample_commands.Fails, sample_workflows.Greeting]
    replayer = Replayer(
        workflows=classes,
        workflow_runner=runner or observer.around(SandboxedWorkflowRunner()),
        unsandboxed_workflow_runner=observer.around(UnsandboxedWorkflowRunner()),
    )
    history = WorkflowHistory.from_json("AllCommands-run", {"events": list(cut or events(name))})
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    (found,) = observer.take()
    assert observer.take() == ()
    return str(result.replay_failure or ""), found


def told(found: ObservedReplay) -> list[tuple[int, str | None, str]]:
    """Return workflow task, kind and line of each command."""
    return [
        (activation.started_event_id, issued.command.WhichOneof("variant"), issued.line)
        for activation in found.activations
        for issued in activation.issued
    ]


def later_by(event: dict[str, Any], number: int) -> dict[str, Any]:
    """Return an event whose references to others are to those with higher ids, from the second event on."""
    (name,) = [each for each in event if each.endswith("EventAttributes")]
    changed = {
        key: str(int(value) + number) if key.endswith("EventId") and int(value) > 1 else value
        for key, value in event[name].items()
    }
    return {**event, name: changed}


def at(text: str, function: str, *, file: str = "sample_commands.py") -> str:
    """Return how the first line of a sample that has ``text`` in it is told."""
    lines = (HERE / file).read_text().splitlines()
    return f"{file}:{next(n for n, line in enumerate(lines, 1) if text in line)} in {function}"


async def test_a_command_of_a_helper_has_the_line_that_called_it_and_one_of_the_workflow_has_none() -> None:
    _, found = await recorded("Greeting-run")
    callers = [issued.callers for activation in found.activations for issued in activation.issued]
    file = "sample_workflows.py"
    hello, waits, bye, done = [[line.rpartition("/")[2] for line in each] for each in callers]
    assert hello == [at('_call("hello"', "run", file=file)]
    assert bye == [at('_call("bye"', "run", file=file)]
    assert waits == done == []


async def test_each_command_has_its_line() -> None:
    failure, found = await recorded("AllCommands-run")
    assert not failure
    assert (found.workflow, bool(found.run_id)) == ("AllCommands", True)
    add = at("@workflow.update", "add")
    timer = at("asyncio.sleep(600)", "_begin")
    assert told(found) == [
        (4, "schedule_activity", at('"noted"', "note")),
        (4, "update_response", add),
        (4, "schedule_activity", at('"added"', "add")),
        (4, "set_patch_marker", at("patched", "_begin")),
        (4, "schedule_local_activity", at('"near"', "_begin")),
        (4, "schedule_activity", at('"left"', "_begin")),
        (4, "schedule_activity", at('"right"', "_begin")),
        (4, "schedule_activity", at("# below run", "helper")),
        (24, "update_response", add),
        (30, "modify_workflow_properties", at("upsert_memo", "_begin")),
        (30, "upsert_workflow_search_attributes", at("upsert_search", "_begin")),
        (30, "start_timer", at("asyncio.sleep(0.1)", "_begin")),
        (30, "start_timer", timer),
        (38, "start_child_workflow_execution", at("start_child_workflow", "_begin")),
        (38, "cancel_timer", timer),
        (44, "signal_external_workflow_execution", at("child.signal", "_begin")),
        (53, "schedule_activity", at('"slow"', "_begin")),
        (53, "start_timer", at("asyncio.sleep(0.1)  # while slow runs", "_begin")),
        (59, "request_cancel_activity", at('"slow"', "_begin")),
        (59, "continue_as_new_workflow_execution", at("continue_as_new", "_begin")),
    ]


@pytest.mark.parametrize("name", ["AllCommands-run", "AllCommands-last", "Fails-run", "Greeting-run"])
async def test_runners_record_the_same(name: str) -> None:
    observer = CommandObserver()
    runners = [
        observer.around(SandboxedWorkflowRunner(restrictions=SANDBOX.with_passthrough_all_modules())),
        observer.around(SandboxedWorkflowRunner()),
        observer.around(UnsandboxedWorkflowRunner()),
    ]
    all_found = [await recorded(name, runner=runner, observer=observer) for runner in runners]
    assert all(found == all_found[0] for found in all_found)
    assert told(all_found[0][1])


async def test_line_of_a_result_and_of_a_failure() -> None:
    _, last = await recorded("AllCommands-last")
    assert told(last)[-1] == (14, "complete_workflow_execution", at("return await self._end", "run"))
    _, greeting = await recorded("Greeting-run")
    line = at("return await _call", "run", file="sample_workflows.py")
    assert told(greeting)[-1] == (20, "complete_workflow_execution", line)
    _, fails = await recorded("Fails-run")
    assert told(fails)[-1] == (8, "fail_workflow_execution", at("raise ApplicationError", "fail_now"))


async def test_activations_are_grouped_by_workflow_task() -> None:
    _, found = await recorded("AllCommands-run")
    tasks = found.tasks()
    assert list(tasks) == [4, 24, 30, 38, 44, 49, 53, 59]
    assert len(tasks[4]) == 2
    assert all(each.replaying for each in found.activations)


async def test_failed_workflow_task_gets_no_activation() -> None:
    """The first workflow task of a greeting failed in the recording, and the next one did its work."""
    ended = {"scheduledEventId": "2", "startedEventId": "3", "cause": "WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND"}
    started = {"scheduledEventId": "5"}
    failed = [
        {"eventType": "EVENT_TYPE_WORKFLOW_TASK_FAILED", "workflowTaskFailedEventAttributes": ended},
        {"eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED", "workflowTaskScheduledEventAttributes": {}},
        {"eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED", "workflowTaskStartedEventAttributes": started},
    ]
    whole = events("Greeting-run")
    later = [later_by(event, 3) for event in whole[3:]]
    when = {"eventTime": whole[2]["eventTime"]}
    cut = [{**when, **each, "eventId": str(n)} for n, each in enumerate([*whole[:3], *failed, *later], 1)]
    failure, found = await recorded("Greeting-run", cut=cut)
    assert not failure
    assert [task for task, _, _ in told(found)] == [6, 12, 17, 23]


async def test_open_last_workflow_task_is_activated_and_not_replaying() -> None:
    failure, found = await recorded("Greeting-run", cut=events("Greeting-run")[:9])
    assert not failure
    assert [(each.started_event_id, each.replaying) for each in found.activations] == [(3, True), (9, False)]
    assert told(found)[-1][1] == "start_timer"


async def test_nothing_comes_after_what_temporal_does_not_like() -> None:
    changed = events("Greeting-run")
    changed[4]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "other"
    failure, found = await recorded("Greeting-run", cut=changed)
    assert "TMPRL1100" in failure
    assert found.activations[0].started_event_id == 3
    assert len(found.activations) <= 2


async def test_workflow_code_that_fails_its_task() -> None:
    bad = events("Greeting-run")
    bad[0]["workflowExecutionStartedEventAttributes"]["input"] = {"payloads": [{"data": "e30="}]}
    failure, found = await recorded("Greeting-run", cut=bad)
    assert failure
    assert [each.failure for each in found.activations]
    assert "decoding" in found.activations[0].failure


def test_instance_of_another_shape_is_refused() -> None:
    class Other:
        pass

    with pytest.raises(RigError, match="Other cannot be recorded: it has no activate"):
        CommandObserver().observe(Other(), details=None)  # type: ignore[arg-type]


def test_origin_tracking_is_off_outside_of_activations() -> None:
    assert sys.get_coroutine_origin_tracking_depth() == 0
