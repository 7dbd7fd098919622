"""Each planted change of code is found in its history, by field and line; what only looks like one is not."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from harness.records.replay_result import Difference, NondeterministicCall
from harness.replay.compare.comparison import Comparison, compare
from harness.replay.in_process.nondeterministic_calls import CallWatch
from harness.replay.in_process.observer import CommandObserver
from harness.replay.in_process.sdk_core_decisions import decisions_of
from tests.replay.planted.planted import ALIKE, CHANGES, CONDITIONS, HISTORIES, TABLE, UNCHANGED, Change, Planted

OF_CODE = (*CHANGES, *(case for case in CONDITIONS if case.changes))


async def replayed(
    case: Planted, file: Path, *, without_flags: bool = False
) -> tuple[Comparison, tuple[NondeterministicCall, ...], Exception | None]:
    """Replay one history in this process: how it compares with the recording, who was seen, and Temporal's verdict."""
    observer = CommandObserver()
    watch = CallWatch(observer.user_code)
    observer.during = watch.during
    replayer = Replayer(
        workflows=workflows(case),
        workflow_runner=observer.around(SandboxedWorkflowRunner()),
        unsandboxed_workflow_runner=observer.around(UnsandboxedWorkflowRunner()),
        data_converter=pydantic_data_converter if case.data_converter else DataConverter.default,
    )
    events = list(WorkflowHistory.from_json(file.stem, file.read_text()).events)
    for event in events if without_flags else ():
        if event.HasField("workflow_task_completed_event_attributes"):
            event.workflow_task_completed_event_attributes.ClearField("sdk_metadata")
    observer.about(events)
    result = await replayer.replay_workflow(WorkflowHistory(file.stem, events), raise_on_replay_failure=False)
    (found,) = observer.take()
    return compare(events, decisions_of(found, history=events)), watch.take(), result.replay_failure


def workflows(case: Planted) -> list[type]:
    found = vars(importlib.import_module(case.import_name)).values()
    return [each for each in found if isinstance(each, type) and "__temporal_workflow_definition" in vars(each)]


def told(difference: Difference) -> Change:
    return Change(**{name: getattr(difference, name) for name in ("kind", "subject", "field", "old", "new")})


def test_the_table_is_complete() -> None:
    assert len(CHANGES) + len(CONDITIONS) >= 16
    assert len(ALIKE) >= 8
    assert len({case.name for case in TABLE}) == len({case.module for case in TABLE}) == len(TABLE)
    assert {file for case in TABLE for file in case.files} == set(HISTORIES.iterdir())
    folder = HISTORIES.parent
    modules = [file for name in ("changes", "conditions", "alike") for file in (folder / name).glob("[!_]*.py")]
    assert {case.module for case in TABLE if case is not UNCHANGED} == {
        f"{file.parent.name}.{file.stem}" for file in modules
    }
    assert all(bool(case.lines and case.cause_line) == case.must_be_found for case in TABLE)


@pytest.mark.parametrize("case", OF_CODE, ids=lambda case: case.name)
async def test_change_is_found(case: Planted) -> None:
    (file,) = case.files
    found, calls, _ = await replayed(case, file)
    different = [told(difference) for difference in found.differences]
    assert all(change in different for change in case.changes)
    assert all(change in case.changes for change in different)
    assert {difference.line.partition(" in ")[0] for difference in found.differences} == set(case.lines)
    assert [(each.function, each.stack[-1].partition(" in ")[0]) for each in calls] == (
        [(case.call, case.cause_line)] if case.call else []
    )


@pytest.mark.parametrize("without_flags", [False, True], ids=["flags", "no flags"])
@pytest.mark.parametrize("case", OF_CODE, ids=lambda case: case.name)
async def test_what_temporal_tolerates_is_said_as_temporal_judges(case: Planted, without_flags: bool) -> None:
    (file,) = case.files
    found, _, failure = await replayed(case, file, without_flags=without_flags)
    told = [(each.field, each.tolerated, each.rule) for each in found.differences]
    assert all(rule for _, tolerated, rule in told if tolerated is not None)
    assert (False in [tolerated for _, tolerated, _ in told]) == (failure is not None), (told, failure)


@pytest.mark.parametrize("case", [*ALIKE, UNCHANGED], ids=lambda case: case.name)
async def test_look_alike_is_not_found(case: Planted) -> None:
    for file in case.files:
        found, calls, _ = await replayed(case, file)
        assert (found.differences, found.left_out, found.unseen, calls) == ((), (), (), ())
        assert found.commands
