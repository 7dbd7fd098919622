"""The replay door asks a real worker process for each workflow task of recorded histories, cold and warm."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from harness.doors.wire.decoding import command_name, payloads
from harness.errors import RigError, UsageError
from harness.records.evidence import History
from harness.replay.door.door import ReplayDoor
from harness.replay.door.task_answer import TaskAnswer
from tests.rig.replayed.asking import impatient_with_the_second_task, replay
from tests.rig.replayed.recording import COMMAND, LIMIT, RESULT, record, worker

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def asked(
    logs: Path, door: ReplayDoor | None = None, command: Sequence[str] = COMMAND, **settings: str
) -> AsyncIterator[ReplayDoor]:
    """Start a worker process behind the door."""
    door = door or ReplayDoor()
    async with asyncio.timeout(LIMIT), door, worker(door.address, logs, *command, **settings) as process:
        door.watch(process)
        yield door


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, History]:
    return await record(tmp_path_factory.mktemp("recording"))


COMMANDS = {
    "ACTIVITY_TASK_SCHEDULED": "ScheduleActivityTask",
    "TIMER_STARTED": "StartTimer",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": "StartChildWorkflowExecution",
    "WORKFLOW_EXECUTION_COMPLETED": "CompleteWorkflowExecution",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": "Acceptance",
    "WORKFLOW_EXECUTION_UPDATE_COMPLETED": "Response",
}


def told(history: History) -> dict[int, list[str]]:
    """Return what the history says that each workflow task was answered with, by its WorkflowTaskStarted."""
    found: dict[int, list[str]] = {}
    for event in history.events:
        kind = event["eventType"].removeprefix("EVENT_TYPE_")
        if kind == "WORKFLOW_TASK_STARTED":
            found[int(event["eventId"])] = []
        elif kind in COMMANDS:
            found[max(found)].append(COMMANDS[kind])
    return found


def shape(answers: Sequence[TaskAnswer], mode: str) -> dict[int, list[str]]:
    """Return what each task was answered with in a mode: the names of commands and messages, or why there are none."""
    return {
        answer.started_event_id: _names(answer) if answer.kind == "completed" else [answer.kind]
        for answer in answers
        if answer.mode == mode
    }


def _names(answer: TaskAnswer) -> list[str]:
    bodies = {message.id: message.body.type_url.rpartition(".")[2] for message in answer.messages}
    return [
        bodies.get(command.protocol_message_command_attributes.message_id) or command_name(command)
        for command in answer.commands
    ]


async def test_each_task_is_answered_as_recorded(recorded: dict[str, History], tmp_path: Path) -> None:
    prices = tmp_path / "prices"
    order = recorded["order-1"]
    async with asked(tmp_path, ORDER_PRICES_ASKED=str(prices)) as door:
        answers = await replay(door, order)
        shipped = await replay(door, recorded["order-1-shipping"])
    expected = told(order)
    assert {name for names in expected.values() for name in names} == set(COMMANDS.values())
    assert shape(answers, "cold") == expected
    priced = sorted(expected)[-2]
    assert expected[priced] == ["StartTimer"]
    assert shape(answers, "warm") == {**expected, priced: ["unasked"]}
    assert shape(shipped, "cold") == shape(shipped, "warm") == told(recorded["order-1-shipping"])
    assert [answer.started_event_id for answer in answers if answer.replayed] == [priced]
    assert not any(answer.fetched for answer in answers)
    assert not prices.exists(), "the local activity ran"
    assert "local activity" in answers[-2].failure
    result = answers[len(expected) - 1].commands[0].complete_workflow_execution_command_attributes.result
    assert payloads(result.payloads) == [RESULT]


async def test_warm_is_the_same_process_state_and_cold_is_not(recorded: dict[str, History], tmp_path: Path) -> None:
    async with asked(tmp_path) as door:
        answers = await replay(door, recorded["counting-1"], ["warm", "cold", "warm"])
    waits = [
        [round(timer.nanos / 1e7) for timer in (_timer(answer),) if timer.nanos or timer.seconds] for answer in answers
    ]
    assert waits == [[1], [1], [], [2], [3], [], [5], [5], []]


async def test_history_older_than_a_rule_of_the_sdk_is_asked_by_the_older_rule(
    recorded: dict[str, History], tmp_path: Path
) -> None:
    parting = recorded["parting-1"]
    async with asked(tmp_path) as door:
        as_recorded = await replay(door, parting)
        before_the_rule = await replay(door, _without_flags(parting))
    assert shape(as_recorded, "cold") == shape(as_recorded, "warm") == told(parting)
    assert list(told(parting).values()) == [["ScheduleActivityTask", "CompleteWorkflowExecution"]]
    assert list(shape(before_the_rule, "cold").values()) == [["CompleteWorkflowExecution"]]
    assert list(shape(before_the_rule, "warm").values()) == [["unasked"]]


def _without_flags(history: History) -> History:
    """Return what an SDK records that has no flags yet, and drops what is issued after the result."""
    events = json.loads(json.dumps(history.events))
    (late,) = (each for each in events if each["eventType"].endswith("ACTIVITY_TASK_SCHEDULED"))
    events.remove(late)
    for number, event in enumerate(events, start=1):
        event["eventId"] = str(number)
        event.get("workflowTaskCompletedEventAttributes", {}).pop("sdkMetadata", None)
    return replace(history, run_id="older", events=tuple(events))


def _timer(answer: TaskAnswer) -> Any:
    command = answer.commands[0]
    return command.start_timer_command_attributes.start_to_fire_timeout


async def test_a_changed_worker_gives_other_commands(recorded: dict[str, History], tmp_path: Path) -> None:
    async with asked(tmp_path, ORDER_TIMEOUT_S="61") as door:
        answers = await replay(door, recorded["order-1"])
    scheduled = [
        command.schedule_activity_task_command_attributes.start_to_close_timeout.seconds
        for answer in answers
        for command in answer.commands
        if command_name(command) == "ScheduleActivityTask"
    ]
    assert scheduled == [61, 61]


async def test_a_patched_change_is_no_change(recorded: dict[str, History], tmp_path: Path) -> None:
    order = recorded["order-1"]
    expected = told(order)
    async with asked(tmp_path, ORDER_VERSION="patched") as door:
        answers = await replay(door, order)
    priced = sorted(expected)[-2]
    patched = next(task for task, names in expected.items() if "StartTimer" in names)
    assert [answer.started_event_id for answer in answers if answer.replayed] == [patched, priced]
    without_bodies = {
        task: ["ProtocolMessage" if name in ("Acceptance", "Response") and task == patched else name for name in names]
        for task, names in expected.items()
    }
    assert shape(answers, "cold") == without_bodies
    assert shape(answers, "warm") == {**expected, patched: ["unasked"], priced: ["unasked"]}
    timer = next(
        command.start_timer_command_attributes.start_to_fire_timeout.nanos
        for answer in answers
        for command in answer.commands
        if command_name(command) == "StartTimer"
    )
    assert timer == 200_000_000


async def test_a_local_activity_that_ran_for_real_is_told(recorded: dict[str, History], tmp_path: Path) -> None:
    prices = tmp_path / "prices"
    async with asked(tmp_path, ORDER_VERSION="asks twice", ORDER_PRICES_ASKED=str(prices)) as door:
        answers = await replay(door, recorded["order-1"])
    ran = [answer for answer in answers if answer.note.startswith("the worker ran a local activity")]
    assert [answer.started_event_id for answer in ran] == [sorted(told(recorded["order-1"]))[-2]]
    assert prices.read_text() == "lamp\n"
    assert {answer.kind for answer in answers if answer.mode == "warm"} == {"unasked"}


async def test_a_workflow_that_blocks_is_told_and_others_go_on(recorded: dict[str, History], tmp_path: Path) -> None:
    async with asked(tmp_path, ORDER_VERSION="blocks") as door:
        blocked = await replay(door, recorded["greedy-1"], ["cold"])
        ordered = await replay(door, recorded["order-1"], ["cold"])
    assert [answer.kind for answer in blocked] == ["completed", "failed"]
    assert "TMPRL1101" in blocked[-1].failure
    assert shape(ordered, "cold") == told(recorded["order-1"])


async def test_a_worker_that_does_not_answer_is_told_in_time(
    recorded: dict[str, History], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient_with_the_second_task(monkeypatch)
    async with asked(tmp_path, ORDER_VERSION="blocks", TEMPORAL_DEBUG="1") as door:
        await door.ready()
        blocked = await replay(door, recorded["greedy-1"])
    assert [answer.kind for answer in blocked] == ["completed", "silent", "unasked", "unasked"]
    assert "no answer within 0.5" in blocked[1].failure


async def test_a_workflow_that_ends_the_process_is_told(recorded: dict[str, History], tmp_path: Path) -> None:
    async with asked(tmp_path, ORDER_VERSION="exits") as door:
        ended = await replay(door, recorded["greedy-1"])
        assert [answer.kind for answer in ended] == ["completed", "exited", "unasked", "unasked"]
        assert "exited with status 7" in ended[1].failure
        assert next(iter(await replay(door, recorded["counting-1"]))).kind == "exited"
        async with worker(door.address, tmp_path) as process:
            door.watch(process)
            again = await replay(door, recorded["greedy-1"])
    assert {answer.kind for answer in again} == {"completed"}


async def test_an_unknown_workflow_type_is_told(recorded: dict[str, History], tmp_path: Path) -> None:
    async with asked(tmp_path, ORDER_GREEDY="no") as door:
        answers = await replay(door, recorded["greedy-1"])
    assert [answer.kind for answer in answers] == ["failed", "unasked", "unasked", "unasked"]
    assert answers[0].unknown_type
    assert all("Greedy is not registered" in answer.failure for answer in answers)


async def test_a_worker_on_another_task_queue_is_asked_all_the_same(
    recorded: dict[str, History], tmp_path: Path
) -> None:
    async with asked(tmp_path, ORDER_TASK_QUEUE="new-orders") as door:
        answers = await replay(door, recorded["counting-1"])
    assert {answer.kind for answer in answers} == {"completed"}


async def test_a_worker_that_exits_or_polls_another_queue_is_told(tmp_path: Path) -> None:
    async with asked(tmp_path, command=[sys.executable, "-c", "raise SystemExit('no key')"]) as door:
        with pytest.raises(RigError, match=r"before it polled.*status 1\n.*no key"):
            await door.ready()
    async with asked(tmp_path, ReplayDoor(task_queue="order")) as door:
        with pytest.raises(RigError, match=r"polls 'orders', but not 'order' \(did you mean 'orders'\?\)"):
            await door.ready()


async def test_a_long_history_is_paged_and_chosen_from(recorded: dict[str, History], tmp_path: Path) -> None:
    long = _longer(recorded["counting-1"], 400)
    async with asked(tmp_path, ReplayDoor(cold_events=6_000)) as door:
        answers = await replay(door, long, ["cold", "warm"])
    cold = [answer for answer in answers if answer.mode == "cold" and answer.kind != "unasked"]
    assert sum(answer.started_event_id for answer in cold) < 7_000
    assert {answer.kind for answer in cold} == {"completed"}
    assert [cold[0].started_event_id, cold[-1].started_event_id] == [3, len(long.events) - 2]
    assert {answer.kind for answer in answers if answer.mode == "warm"} == {"completed"}


def _longer(history: History, signals: int) -> History:
    """Put signals that nobody handles, with a workflow task after each, before the second workflow task."""
    before = list(history.events[:5])
    _, scheduled, started, completed, _ = before
    signal = {
        "eventTime": completed["eventTime"],
        "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED",
        "workflowExecutionSignaledEventAttributes": {"signalName": "nudge"},
    }
    for each in range(signals):
        nudged = (signal, *(_shifted(event, 4 * each + 5, since=2) for event in (scheduled, started, completed)))
        before += [{**event, "eventId": str(len(before) + number)} for number, event in enumerate(nudged, start=1)]
    events = (*before, *(_shifted(event, 4 * signals, since=6) for event in history.events[5:]))
    return replace(history, events=events)


def _shifted(event: dict[str, Any], by: int, *, since: int) -> dict[str, Any]:
    """Add to every event id from one on, in the event and in what it refers to."""
    return {
        name: _shifted(value, by, since=since)
        if isinstance(value, dict)
        else str(int(value) + by)
        if name.lower().endswith("eventid") and int(value) >= since
        else value
        for name, value in event.items()
    }


async def test_histories_go_side_by_side_and_runs_of_one_id_in_turn(
    recorded: dict[str, History], tmp_path: Path
) -> None:
    order = recorded["order-1"]
    other = replace(order, run_id="11111111-2222-4333-8444-555555555555")
    async with asked(tmp_path, ReplayDoor(at_once=4)) as door:
        all_answers = await asyncio.gather(*(replay(door, each) for each in (order, other, order, other, order)))
    for answers in all_answers:
        assert shape(answers, "cold") == told(order)


async def test_a_worker_that_has_lost_a_run_fetches_it(recorded: dict[str, History], tmp_path: Path) -> None:
    order, counting = recorded["order-1"], recorded["counting-1"]
    others = [replace(counting, run_id=f"11111111-2222-4333-8444-55555555555{each}") for each in range(3)]
    async with asked(tmp_path, ReplayDoor(at_once=4), ORDER_CACHE="2") as door:
        answers, *_ = await asyncio.gather(*(replay(door, each, ["warm"] * 3) for each in (order, *others)))
    priced = sorted(told(order))[-2]
    assert {answer.kind for answer in answers if answer.started_event_id != priced} == {"completed"}
    assert any(answer.fetched for answer in answers)


async def test_a_worker_without_a_cache_is_never_warm(recorded: dict[str, History], tmp_path: Path) -> None:
    async with asked(tmp_path, ORDER_CACHE="0") as door:
        answers = await replay(door, recorded["order-1-shipping"])
    assert shape(answers, "cold") == shape(answers, "warm") == told(recorded["order-1-shipping"])
    assert {"keeps no workflow in its cache" in answer.note for answer in answers if answer.mode == "warm"} == {True}


async def test_what_is_no_history_of_one_run_is_refused(recorded: dict[str, History]) -> None:
    order = recorded["order-1"]
    async with ReplayDoor() as door:
        with pytest.raises(UsageError, match="expected event 4, got 5"):
            await replay(door, replace(order, events=(*order.events[:3], *order.events[4:])))
        with pytest.raises(UsageError, match="does not begin with WorkflowExecutionStarted"):
            await replay(door, replace(order, events=order.events[1:]))
