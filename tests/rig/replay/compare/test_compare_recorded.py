"""Commands as a worker sent them, compared with the events that a server wrote: unchanged, and changed in one value."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import pytest_asyncio
from temporalio.api.command.v1 import Command as ApiCommand
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Rejection, Response
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from harness.records.evidence import History
from harness.records.replay_result import Difference
from harness.replay.compare.comparison import Comparison, ReplayPlace, compare, recorded_commands
from harness.replay.in_process.observer import CommandObserver
from harness.replay.in_process.sdk_core_decisions import decisions_of
from harness.temporal.command import TaskDecisions, of_answer, of_api
from harness.temporal.command_events import KINDS
from tests.replay.changing import leaves
from tests.replay.every_field import NAMED_BY
from tests.replay.recording import WORKFLOWS, Recording, record_all

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = ("command_type", "event_group", "marker_name", "details.data", "details.patch-data")
"""Paths that ``test_each_value`` leaves to other tests; event groups are no decision that an event keeps."""

HOME = ReplayPlace(namespace="default", recorded_in="default")
MADE_BY_SERVER = {"capped", "capped again", "stumbling"}
"""Runs whose commands leave most to the server's defaults."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def runs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, Recording]]:
    yield await record_all(tmp_path_factory.mktemp("recording"))


def compared(run: Recording, started: int, request: RespondWorkflowTaskCompletedRequest) -> Comparison:
    commands = of_answer(request.commands, messages=request.messages)
    return compare(run.events, [TaskDecisions(started_event_id=started, commands=commands)], place=HOME)


def name_of(command: ApiCommand) -> str:
    told = of_api(command)
    return f"{told.kind} {told.fields.get('markerName', '')}".strip()


def copies(runs: Mapping[str, Recording]) -> Iterator[tuple[Recording, int, int, RespondWorkflowTaskCompletedRequest]]:
    """Yield run, started event, index of a command, and a copy of the request, for each command with many options."""
    for name, run in runs.items():
        if name in MADE_BY_SERVER:
            continue
        for started, request in run.requests.items():
            for index, command in enumerate(request.commands):
                if not command.HasField("protocol_message_command_attributes"):
                    yield run, started, index, request


def copy_of(request: RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedRequest:
    return RespondWorkflowTaskCompletedRequest.FromString(request.SerializeToString())


async def test_an_unchanged_run_has_no_difference(runs: Mapping[str, Recording]) -> None:
    for name, run in runs.items():
        found = compare(run.events, run.decided, place=HOME)
        assert found.differences == (), name
        assert found.left_out == (), name
        assert found.tasks == len(recorded_commands(run.events)) == len(run.requests), name
        assert found.commands > 0, name


async def test_every_kind_of_command_was_recorded(runs: Mapping[str, Recording]) -> None:
    commands = [one for run in runs.values() for each in recorded_commands(run.events).values() for one in each]
    assert {one.kind for one in commands} == set(KINDS.values())
    assert {one.fields["markerName"] for one in commands if one.kind == "RecordMarker"} == {
        "core_patch",
        "core_local_activity",
    }


async def test_the_json_of_a_history_tells_the_same(runs: Mapping[str, Recording]) -> None:
    for run in runs.values():
        events = tuple(WorkflowHistory("id", run.events).to_json_dict()["events"])
        history = History(workflow_id="id", run_id="", path="", root=True, events=events)
        assert recorded_commands(history) == recorded_commands(run.events)
        assert compare(history, run.decided, place=HOME) == compare(run.events, run.decided, place=HOME)


async def test_workflow_code_decides_in_process_what_was_recorded(runs: Mapping[str, Recording]) -> None:
    for name, run in runs.items():
        if name == "stumbling":  # it fails once in each process
            continue
        observer = CommandObserver()
        observer.about(run.events)
        replayer = Replayer(workflows=WORKFLOWS, workflow_runner=observer.around(SandboxedWorkflowRunner()))
        workflow_id = run.events[0].workflow_execution_started_event_attributes.workflow_id
        await replayer.replay_workflow(WorkflowHistory(workflow_id, run.events))
        (found,) = observer.take()
        compared = compare(run.events, decisions_of(found, history=run.events), local_results=False)
        assert compared.differences == (), name
        assert compared.commands == compare(run.events, run.decided).commands, name
        # A task that brought nothing new to the workflow has no activation, and no command.
        assert not any(recorded_commands(run.events)[each.workflow_task] for each in compared.left_out), name


@pytest.mark.parametrize("kind", NAMED_BY)
async def test_each_value_that_changes_is_named_and_no_other(runs: Mapping[str, Recording], kind: str) -> None:
    seen: dict[str, str] = {}
    for run, started, index, request in copies(runs):
        for leaf in leaves(request.commands[index]) if name_of(request.commands[index]) == kind else ():
            if leaf.path not in seen and not _path(leaf.path).startswith(ELSEWHERE):
                seen[leaf.path] = _named(run, started, index, request, leaf.path)
    assert {f"{_path(path)} {field}" for path, field in seen.items()} == {
        line.strip() for line in NAMED_BY[kind].strip().splitlines()
    }


def _path(path: str) -> str:
    return (path.partition("_attributes.")[2] or path).removesuffix(".data").removesuffix(".encoding")


def _named(run: Recording, started: int, index: int, request: RespondWorkflowTaskCompletedRequest, path: str) -> str:
    """Change the value at a path, and return the fields that are named then."""
    changed = copy_of(request)
    next(leaf for leaf in leaves(changed.commands[index]) if leaf.path == path).change()
    found = compared(run, started, changed).differences
    before = compared(run, started, request)
    event_ids = {one.event_id for one in recorded_commands(run.events)[started]}
    assert before.differences == ()
    assert all(one.workflow_task == started and one.event_id in event_ids for one in found)
    assert all(one.old != one.new or one.note for one in found)
    return " ".join(one.field for one in found) or "-"


@pytest.mark.parametrize("kind", [kind for kind in NAMED_BY if "Marker" not in kind])
async def test_a_command_that_is_missing_or_too_many_is_named(runs: Mapping[str, Recording], kind: str) -> None:
    run, started, index, request = next(each for each in copies(runs) if name_of(each[3].commands[each[2]]) == kind)
    if kind == "UpsertWorkflowSearchAttributes":  # the first ones are the SDK's own
        index = max(at for at, command in enumerate(request.commands) if name_of(command) == kind)
    missing, doubled = copy_of(request), copy_of(request)
    del missing.commands[index]
    doubled.commands.insert(index, request.commands[index])
    (one,) = compared(run, started, missing).differences
    (other,) = compared(run, started, doubled).differences
    assert (one.kind, one.field, one.new) == (kind, "command", None)
    assert one.old is not None
    assert one.old.startswith(kind)
    assert (other.kind, other.field, other.old, other.new) == (kind, "command", None, one.old)


async def test_the_answers_to_updates_are_compared(runs: Mapping[str, Recording]) -> None:
    found = [_of_message(runs["everything"], message) for message in _messages(runs["everything"])]
    assert [(one.kind, one.field) for one in found] == [
        ("UpdateAccepted", "updateId"),
        ("UpdateCompleted", "outcome.success.0"),
        ("UpdateAccepted", "updateId"),
        ("UpdateCompleted", "outcome.failure.message"),
    ]
    assert (found[1].old, found[1].new) == ({"raised": 5}, {"something": "else"})


def _messages(run: Recording) -> list[tuple[int, Message]]:
    """Return the messages that tell of updates, but for rejections, which histories know nothing of."""
    all_of_them = [(started, message) for started, request in run.requests.items() for message in request.messages]
    assert any(message.body.Is(Rejection.DESCRIPTOR) for _, message in all_of_them)
    return [(started, message) for started, message in all_of_them if not message.body.Is(Rejection.DESCRIPTOR)]


def _of_message(run: Recording, place: tuple[int, Message]) -> Difference:
    started, message = place
    request = copy_of(run.requests[started])
    (changed,) = (one for one in request.messages if one.id == message.id)
    if changed.body.Is(Acceptance.DESCRIPTOR):
        changed.protocol_instance_id += "-else"
    else:
        response = Response.FromString(changed.body.value)
        outcome = response.outcome
        leaf, *_ = leaves(outcome)
        leaf.change()
        changed.body.Pack(response)
    (found,) = compared(run, started, request).differences
    return found


async def test_the_server_filled_in_and_cut_off_what_was_left_to_it(runs: Mapping[str, Recording]) -> None:
    """So that the test of unchanged runs compares more than what was sent."""
    told = [one for each in recorded_commands(runs["capped"].events).values() for one in each]
    activities = [one.fields for one in told if one.kind == "ScheduleActivityTask"]
    timeouts = [
        (fields["scheduleToCloseTimeout"], fields["scheduleToStartTimeout"], fields["startToCloseTimeout"])
        for fields in activities
    ]
    assert timeouts == [(60.0, 60.0, 60.0), (30.0, 30.0, 30.0)]
    assert [fields["retryPolicy.maximumInterval"] for fields in activities] == [100.0, 300.0]
    children = [one.fields for one in told if one.kind == "StartChildWorkflowExecution"]
    assert [(fields["workflowRunTimeout"], fields["workflowTaskTimeout"]) for fields in children] == [
        (30, 30),
        (60, 10),
    ]
    assert max(one.fields["startToFireTimeout"] for one in told if one.kind == "StartTimer") == 100 * 365 * 86400
    assert [one.fields["scheduleToCloseTimeout"] for one in told if one.kind == "ScheduleNexusOperation"] == [60.0]
    assert (told[-1].kind, told[-1].fields["workflowRunTimeout"]) == ("ContinueAsNewWorkflowExecution", 60.0)


async def test_a_task_that_failed_once_is_no_task_to_compare(runs: Mapping[str, Recording]) -> None:
    run = runs["stumbling"]
    (failed,) = (
        event.workflow_task_failed_event_attributes.started_event_id
        for event in run.events
        if event.HasField("workflow_task_failed_event_attributes")
    )
    found = compare(run.events, [TaskDecisions(started_event_id=failed), *run.decided], place=HOME)
    assert [(each.workflow_task, each.why) for each in found.left_out] == [(failed, "failed")]
    assert found.differences == ()
