from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from harness.histories import formats as histories
from harness.replay.compare.comparison import Comparison, compare
from harness.replay.in_process.observer import (
    Activation,
    CommandObserver,
    IssuedCommand,
    ObservedReplay,
)
from harness.replay.in_process.sdk_core_decisions import decisions_of
from harness.temporal.command import Command, TaskDecisions
from tests import TESTS
from tests.replay import sample_commands, sample_workflows

HERE = TESTS / "replay"
SAMPLES = (sample_commands.AllCommands, sample_commands.Fails, sample_workflows.Greeting)
CHANGES = {
    "argument": ('"left", 1,', '"left", 2,', "input.0", 1, 2),
    "timeout": ("timedelta(seconds=9)", "timedelta(seconds=8)", "scheduleToCloseTimeout", 9.0, 8.0),
    "timer": ("asyncio.sleep(600)", "asyncio.sleep(601)", "startToFireTimeout", 600.0, 601.0),
    "memo": ('{"step": 2}', '{"step": 3}', "upsertedMemo.step", 2, 3),
    "search attribute": ('value_set("x")', 'value_set("y")', "searchAttributes.CustomKeywordField", "x", "y"),
    "child": ('Child.run, "kid"', 'Child.run, "boy"', "input.0", "kid", "boy"),
    "heartbeat": ("heartbeat_timeout=LIMIT", "heartbeat_timeout=LIMIT * 2", "heartbeatTimeout", 5.0, 10.0),
    "update result": ("return len(self.names)", "return 7", "outcome.success.0", 1, 7),
    "next run": ("continue_as_new(True)", "continue_as_new(False)", "input.0", True, False),
    "policy": ("maximum_attempts=3", "maximum_attempts=4", "retryPolicy.maximumAttempts", 3, 4),
    "result": ('return "done"', 'return "over"', "result.0", "done", "over"),
    "failure": ('"as planned"', '"otherwise"', "failure.message", "as planned", "otherwise"),
}


def changed(old: str, new: str, folder: Path) -> ModuleType:
    """Return the samples with a change in them, as a module of its own."""
    text = (HERE / "sample_commands.py").read_text()
    assert old in text
    (folder / "changed_commands.py").write_text(text.replace(old, new))
    sys.modules.pop("changed_commands", None)
    import changed_commands  # type: ignore[import-not-found]

    found: ModuleType = changed_commands
    return found


async def judged(name: str, *classes: type) -> tuple[str, Comparison, tuple[TaskDecisions, ...]]:
    """Replay a stored history and compare what was recorded with it."""
    events: Sequence[HistoryEvent] = histories.load(HERE / "histories" / f"{name}.json").history.events
    observer = CommandObserver()
    observer.about(events)
    replayer = Replayer(
        workflows=classes,
        workflow_runner=observer.around(SandboxedWorkflowRunner()),
        unsandboxed_workflow_runner=observer.around(UnsandboxedWorkflowRunner()),
    )
    result = await replayer.replay_workflow(WorkflowHistory("AllCommands-run", events), raise_on_replay_failure=False)
    (found,) = observer.take()
    told = decisions_of(found, history=events)
    return str(result.replay_failure or ""), compare(events, told), told


@pytest.mark.parametrize(
    ("name", "commands"), [("AllCommands-run", 20), ("AllCommands-last", 3), ("Fails-run", 2), ("Greeting-run", 4)]
)
async def test_same_code_decides_the_same(name: str, commands: int) -> None:
    failure, compared, told = await judged(name, *SAMPLES)
    assert not failure
    assert compared.differences == ()
    assert compared.left_out == ()
    assert compared.commands == commands
    assert all(each.line for task in told for each in task.commands)


@pytest.mark.parametrize("change", CHANGES)
async def test_change_that_temporal_lets_pass_is_told_with_its_line(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, field, was, now = CHANGES[change]
    monkeypatch.syspath_prepend(str(tmp_path))
    module = changed(old, new, tmp_path)
    name = {"policy": "AllCommands-last", "result": "AllCommands-last", "failure": "Fails-run"}.get(change)
    failure, compared, _ = await judged(name or "AllCommands-run", module.AllCommands, module.Fails)
    assert not failure
    found = next(each for each in compared.differences if each.field == field)
    assert len({each.line for each in compared.differences if each.kind == found.kind}) == 1
    assert (found.old, found.new) == (was, now)
    assert "changed_commands.py:" in found.line


def issued(**variant: object) -> IssuedCommand:
    return IssuedCommand(command=WorkflowCommand(**variant), line="w.py:1 in run")  # type: ignore[arg-type]


def of(*commands: IssuedCommand) -> tuple[Command, ...]:
    """Return what is decided by one workflow task with these commands, without a history."""
    activation = Activation(started_event_id=3, replaying=True, issued=commands)
    (task,) = decisions_of(ObservedReplay(workflow="W", run_id="r", activations=(activation,)), history=())
    return task.commands


def test_what_is_started_and_cancelled_in_one_task_is_not_sent() -> None:
    from temporalio.bridge.proto.workflow_commands import CancelTimer, StartTimer

    timers = [issued(start_timer=StartTimer(seq=number)) for number in (1, 2)]
    sent = of(*timers, issued(cancel_timer=CancelTimer(seq=1)))
    assert [(each.kind, each.fields) for each in sent] == [("StartTimer", {"timerId": "2"})]


def test_cancel_of_an_abandoned_activity_is_not_sent_and_that_of_a_child_names_it() -> None:
    from temporalio.bridge.proto.child_workflow import ChildWorkflowCancellationType
    from temporalio.bridge.proto.workflow_commands import (
        CancelChildWorkflowExecution,
        StartChildWorkflowExecution,
    )

    kind = ChildWorkflowCancellationType.TRY_CANCEL
    first = issued(
        start_child_workflow_execution=StartChildWorkflowExecution(seq=1, workflow_id="kid", cancellation_type=kind)
    )
    second = issued(start_child_workflow_execution=StartChildWorkflowExecution(seq=2, workflow_id="left alone"))
    cancels = [
        issued(cancel_child_workflow_execution=CancelChildWorkflowExecution(child_workflow_seq=number, reason="why"))
        for number in (1, 2)
    ]
    activations = [
        Activation(started_event_id=at, replaying=True, issued=tuple(commands))
        for at, commands in ((3, (first, second)), (9, cancels))
    ]
    _, later = decisions_of(ObservedReplay(workflow="W", run_id="r", activations=tuple(activations)), history=())
    assert [(each.kind, each.fields) for each in later.commands] == [
        ("RequestCancelExternalWorkflowExecution", {"workflowId": "kid", "childWorkflowOnly": True, "reason": "why"})
    ]


def test_local_activity_that_has_no_marker_stays_what_it_is() -> None:
    from temporalio.bridge.proto.workflow_commands import ScheduleLocalActivity

    (found,) = of(issued(schedule_local_activity=ScheduleLocalActivity(seq=1, activity_type="near", activity_id="1")))
    assert (found.kind, found.fields["activityType"]) == ("ScheduleLocalActivity", "near")


def test_failed_task_tells_why() -> None:
    activation = Activation(started_event_id=3, replaying=True, issued=(), failure="no")
    (task,) = decisions_of(ObservedReplay(workflow="W", run_id="r", activations=(activation,)), history=())
    assert task == TaskDecisions(started_event_id=3, failure="no")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], ["CompleteWorkflowExecution"]),
        ([1, 2], ["CompleteWorkflowExecution"]),
        ([1, 2, 3], ["CompleteWorkflowExecution", "ScheduleActivityTask"]),
    ],
)
def test_what_follows_the_end_is_dropped_where_the_history_is_older_than_the_rule(
    flags: list[int], expected: list[str]
) -> None:
    events: Sequence[HistoryEvent] = histories.load(HERE / "histories" / "Greeting-run.json").history.events
    completed = next(each for each in events if each.HasField("workflow_task_completed_event_attributes"))
    completed.workflow_task_completed_event_attributes.sdk_metadata.core_used_flags[:] = flags
    end, late = WorkflowCommand(), WorkflowCommand()
    end.complete_workflow_execution.SetInParent()
    late.schedule_activity.activity_type = "late"
    issued = tuple(IssuedCommand(command=each, line="") for each in (end, late))
    activation = Activation(started_event_id=3, replaying=True, issued=issued)
    (task,) = decisions_of(ObservedReplay(workflow="Greeting", run_id="r", activations=(activation,)), history=events)
    assert [each.kind for each in task.commands] == expected
