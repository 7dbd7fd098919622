"""Comparison by hand-written histories: what is missing, too many, changed, left out, and what may differ."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio.api.command.v1 import Command as ApiCommand
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DefaultPayloadConverter, PayloadCodec

from harness.records.replay_result import LeftOut
from harness.replay.compare.comparison import Comparison, ReplayPlace, compare, recorded_commands
from harness.replay.compare.payloads import SAME_VALUE, opened
from harness.temporal.command import Command, TaskDecisions, of_answer
from tests.replay.past import Past, activity, answered, marker, payload, shown, told


def test_a_changed_field_is_told_with_event_activity_and_line() -> None:
    past = Past()
    started = past.task(("book", "1", {"to": "Rome", "seats": [1, 2]}))
    line = "trip.py:12 in run"
    changed = activity("book", "1", {"to": "Rome", "seats": [1, 3]}, startToCloseTimeout=60.0, line=line)
    found = answered(past, started, changed)
    assert [(one.event_id, one.workflow_task, one.kind, one.subject, one.line) for one in found.differences] == [
        (5, 3, "ScheduleActivityTask", "book", line),
        (5, 3, "ScheduleActivityTask", "book", line),
    ]
    timeout, value = sorted(found.differences, key=lambda one: one.field == "input.0")
    assert (timeout.field, timeout.old, timeout.new) == ("startToCloseTimeout", 30.0, 60.0)
    assert (value.field, value.old["seats"], value.new["seats"]) == ("input.0", [1, 2], [1, 3])
    assert value.note == "at .seats[1]"
    assert (found.commands, found.tasks) == (1, 1)


def test_an_argument_more_or_less_is_told() -> None:
    past = Past()
    started = past.task(("book", "1", "a"))
    assert shown(answered(past, started, activity("book", "1", "a", "b"))) == [(5, "book", "input.1", None, "b")]
    assert shown(answered(past, started, activity("book", "1"))) == [(5, "book", "input.0", "a", None)]


def test_a_retry_policy_that_is_gone_is_told_but_for_what_the_server_fills_in() -> None:
    past = Past()
    started = past.task(("book", "1"))
    past.events[-1].activity_task_scheduled_event_attributes.retry_policy.maximum_attempts = 5
    assert shown(answered(past, started, activity("book"))) == [(5, "book", "retryPolicy.maximumAttempts", 5, None)]


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ((), [(5, "a", "command"), (6, "b", "command"), (7, "c", "command")]),
        (("a", "c"), [(6, "b", "command")]),
        (("b", "c"), [(5, "a", "command")]),
        (("a", "b", "x", "c"), [(6, "x", "command")]),
        (("x", "a", "b", "c"), [(3, "x", "command")]),
        (("a", "b", "c", "x", "y"), [(7, "x", "command"), (7, "y", "command")]),
        (("a", "x", "c"), [(6, "b", "activityType")]),
        (("b", "c", "x"), [(5, "a", "command"), (7, "x", "command")]),
        (("b", "a", "c"), [(5, "a", "activityType"), (6, "b", "activityType")]),
    ],
)
def test_missing_added_and_reordered_commands(commands: Sequence[str], expected: list[tuple[Any, ...]]) -> None:
    past = Past()
    started = past.task(("a", "1"), ("b", "1"), ("c", "1"))
    found = answered(past, started, *(activity(name) for name in commands))
    assert [row[:3] for row in shown(found)] == expected


def test_another_kind_of_command_is_one_difference() -> None:
    past = Past()
    started = past.task(("a", "1"))
    found = answered(past, started, Command(kind="StartTimer", fields={"timerId": "1", "startToFireTimeout": 5.0}))
    assert shown(found) == [(5, "a", "command", "ScheduleActivityTask a", "StartTimer 1")]


def test_a_task_without_commands_is_compared() -> None:
    past = Past()
    started = past.task()
    assert recorded_commands(past.events) == {started: ()}
    assert answered(past, started) == Comparison(tasks=1)
    assert shown(answered(past, started, activity("a"))) == [(3, "a", "command", None, "ScheduleActivityTask a")]


def test_each_task_has_its_own_commands_whatever_comes_between() -> None:
    past = Past()
    first = past.task(("a", "1"))
    past.add("workflow_execution_signaled", signal_name="go")
    failed = past.start_task()
    past.add("workflow_task_failed", started_event_id=failed)
    timed_out = past.start_task()
    past.add("workflow_task_timed_out", started_event_id=timed_out)
    past.add("workflow_task_timed_out")  # never started: the worker of the sticky queue was gone
    second = past.task(("b", "2"))
    past.add("workflow_execution_signaled", signal_name="go")
    still_open = past.start_task()
    told_of = recorded_commands(past.events)
    assert {started: [one.fields["activityType"] for one in each] for started, each in told_of.items()} == {
        first: ["a"],
        second: ["b"],
    }
    asked = [TaskDecisions(started_event_id=started) for started in (failed, timed_out, still_open, 999)]
    assert compare(past.events, asked).left_out == (
        LeftOut(workflow_task=failed, why="failed"),
        LeftOut(workflow_task=timed_out, why="timed out"),
        LeftOut(workflow_task=still_open, why="open"),
        LeftOut(workflow_task=999, why="not in the history"),
        LeftOut(workflow_task=first, why="not asked"),
        LeftOut(workflow_task=second, why="not asked"),
    )


def test_a_task_that_fails_now_is_a_difference_unless_for_lack_of_time() -> None:
    past = Past()
    started = past.task(("a", "1"))
    told_of = compare(past.events, [TaskDecisions(started_event_id=started, failure="[TMPRL1100] Nondeterminism")])
    assert shown(told_of) == [(3, "Agent", "outcome", "completed", "failed: [TMPRL1100] Nondeterminism")]
    blocked = compare(past.events, [TaskDecisions(started_event_id=started, failure="[TMPRL1101] Potential deadlock")])
    assert blocked == Comparison(left_out=(LeftOut(workflow_task=started, why="blocked"),))


def update(kind: str, **fields: Any) -> Command:
    return Command(kind=kind, fields={"updateId": "u1", **fields})


def with_update() -> tuple[Past, int]:
    past = Past()
    started = past.task(("a", "1"))
    accepted = past.add(
        "workflow_execution_update_accepted",
        protocol_instance_id="u1",
        accepted_request={"input": {"name": "raise_by"}},
    )
    outcome = {"success": {"payloads": [payload(5)]}}
    past.add(
        "workflow_execution_update_completed", meta={"update_id": "u1"}, accepted_event_id=accepted, outcome=outcome
    )
    return past, started


def test_updates_belong_to_the_task_completed_last() -> None:
    past, started = with_update()
    accepted = update("UpdateAccepted", name="raise_by")
    completed = {"outcome.success.0": told(5)}
    rejected = Command(kind="UpdateRejected", fields={"updateId": "u2"})
    assert not answered(
        past, started, activity("a"), accepted, update("UpdateCompleted", **completed), rejected
    ).differences
    changed = answered(
        past, started, activity("a"), accepted, update("UpdateCompleted", **{"outcome.success.0": told(6)})
    )
    assert shown(changed) == [(7, "raise_by", "outcome.success.0", 5, 6)]


def test_updates_that_a_replaying_worker_only_names() -> None:
    past, started = with_update()
    named = [
        ApiCommand(protocol_message_command_attributes={"message_id": f"u1/{what}"})  # type: ignore[arg-type]
        for what in ("accept", "complete")
    ]
    found = answered(past, started, activity("a"), *of_answer(named, messages=()))
    assert found == Comparison(commands=3, tasks=1, unseen=((7, "outcome.success.0"),))
    (missing,) = answered(past, started, activity("a"), *of_answer(named[:1], messages=())).differences
    assert (missing.event_id, missing.old) == (7, "UpdateCompleted raise_by")


def test_what_the_worker_was_given_is_not_asked_for() -> None:
    past = Past()
    started = past.task(("a", "1"), ("b", "2"))
    answer = TaskDecisions(started_event_id=started, commands=(activity("b", "2"),), given=(5,))
    assert compare(past.events, [answer]) == Comparison(commands=1, tasks=1)


def test_an_update_that_was_accepted_and_is_rejected_now_is_told() -> None:
    past, started = with_update()
    found = answered(past, started, activity("a"), update("UpdateRejected", name="raise_by"))
    assert ("UpdateAccepted raise_by", "UpdateRejected raise_by") in [(row[3], row[4]) for row in shown(found)]


def test_the_same_value_in_other_bytes_is_a_difference_that_says_so() -> None:
    past = Past()
    started = past.task(("a", "1", {"x": 1, "y": 2}))
    other = activity("a", more={"input.0": told(None, text='{"y": 2, "x": 1}')})
    (found,) = answered(past, started, other).differences
    assert (found.field, found.note) == ("input.0", SAME_VALUE)
    assert (found.old, found.new) == ('{"x": 1, "y": 2}', '{"y": 2, "x": 1}')


def test_true_is_not_one_and_a_payload_that_no_converter_reads_is_shown_plainly() -> None:
    past = Past()
    started = past.task(("a", "1", True))
    (one,) = answered(past, started, activity("a", "1", 1)).differences
    assert (one.old, one.new, one.note) == (True, 1, "")
    (other,) = answered(
        past, started, activity("a", more={"input.0": told(None, text="%", encoding="odd")})
    ).differences
    assert (other.new, other.note) == (
        {"encoding": "odd", "base64": base64.b64encode(b"%").decode()},
        "encoding json/plain, now odd",
    )


class Shouting(DefaultPayloadConverter):
    def from_payload(self, payload: Payload, type_hint: Any = None) -> Any:
        return str(super().from_payload(payload, type_hint)).upper()


def test_values_are_shown_by_the_given_converter() -> None:
    past = Past()
    started = past.task(("a", "1", "old"))
    found = answered(past, started, activity("a", "1", "new"), converter=Shouting())
    assert shown(found) == [(5, "a", "input.0", "OLD", "NEW")]


class Sealing(PayloadCodec):
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        raise NotImplementedError

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata={"encoding": b"json/plain"}, data=each.data.partition(b"|")[2]) for each in payloads]


async def test_what_a_codec_sealed_is_compared_when_opened_and_else_counted() -> None:
    past = Past()
    started = past.task(("a", "1", "x"))
    sealed = past.events[-1].activity_task_scheduled_event_attributes.input.payloads[0]
    sealed.CopyFrom(payload(None, text='nonce-1|"x"', encoding="binary/encrypted"))
    now = activity("a", more={"input.0": told(None, text='nonce-2|"x"', encoding="binary/encrypted")})
    assert answered(past, started, now) == Comparison(commands=1, tasks=1, unseen=((5, "input.0"),))
    codec = Sealing()
    told_of = {key: await opened(each, codec=codec) for key, each in recorded_commands(past.events).items()}
    (now,) = await opened([now], codec=codec)
    assert answered(past, started, now, recorded=told_of) == Comparison(commands=1, tasks=1)
    assert shown(answered(past, started, activity("a", "1", "y"), recorded=told_of)) == [(5, "a", "input.0", "x", "y")]


def test_where_the_replay_runs_is_no_difference() -> None:
    past = Past()
    started = past.task(("a", "1"))
    assert not answered(past, started, activity("a", taskQueue="replay")).left_out
    assert shown(answered(past, started, activity("a", taskQueue="replay"))) == [(5, "a", "taskQueue", "q", "replay")]
    replayed = ReplayPlace(task_queue="replay")
    assert not answered(past, started, activity("a", taskQueue="replay"), place=replayed).differences
    unnamed = {name: value for name, value in activity("a").fields.items() if name != "taskQueue"}
    assert not answered(past, started, Command(kind="ScheduleActivityTask", fields=unnamed)).differences


@pytest.mark.parametrize(
    ("namespace", "place", "expected"),
    [
        ("replayed", ReplayPlace(), []),
        ("replayed", ReplayPlace(namespace="replayed", recorded_in="own"), []),
        ("", ReplayPlace(namespace="replayed", recorded_in="own"), []),
        ("other", ReplayPlace(namespace="replayed", recorded_in="own"), [(None, "other")]),
    ],
)
def test_the_own_namespace_is_no_difference_and_another_one_is(
    namespace: str, place: ReplayPlace, expected: list[tuple[Any, Any]]
) -> None:
    past = Past()
    started = past.task()
    event = {"signal_name": "go", "workflow_execution": {"workflow_id": "w"}, "namespace": "own"}
    past.add("signal_external_workflow_execution_initiated", workflow_task_completed_event_id=4, **event)
    fields = {"workflowId": "w", "signalName": "go", "namespace": namespace}
    command = Command(
        kind="SignalExternalWorkflowExecution", fields={key: value for key, value in fields.items() if value}
    )
    found = answered(past, started, command, place=place)
    assert [(one.old, one.new) for one in found.differences if one.field == "namespace"] == expected
    assert len(found.differences) == len(expected)


def test_a_patch_that_the_recording_does_not_know_ends_the_comparison_of_its_task() -> None:
    past = Past()
    started = past.task(("a", "1"), ("b", "2"))
    new = marker("core_patch", patchId="new", deprecated=False)
    found = answered(past, started, activity("a"), new, activity("c", "2"))
    assert found == Comparison(commands=1, tasks=1, left_out=(LeftOut(workflow_task=started, why="newly patched"),))
    before = answered(past, started, activity("a", "1", "changed"), new)
    assert [one.field for one in before.differences] == ["input.0"]


def test_what_a_newer_sdk_decides_by_newer_rules_is_not_compared() -> None:
    past = Past()
    started = past.task(("a", "1"))
    decided = TaskDecisions(started_event_id=started, commands=(activity("b"),), flags=frozenset({("core", 3)}))
    left_out = (LeftOut(workflow_task=started, why="newer rules"),)
    assert compare(past.events, [decided]) == Comparison(left_out=left_out)
    completed = next(each for each in past.events if each.HasField("workflow_task_completed_event_attributes"))
    completed.workflow_task_completed_event_attributes.sdk_metadata.core_used_flags.append(3)
    assert compare(past.events, [decided]).differences
    past.events[completed.event_id - 1].workflow_task_completed_event_attributes.ClearField("sdk_metadata")
    (told,) = compare(past.events, [decided], on_core=False).differences
    assert (told.tolerated, told.rule) == (None, "")


def test_results_of_local_activities_can_be_left_out() -> None:
    past = Past()
    started = past.task()
    said = {"seq": 1, "attempt": 1, "activity_id": "1", "activity_type": "note"}
    details = {"data": {"payloads": [payload(said)]}, "result": {"payloads": [payload("at 12:00")]}}
    past.add("marker_recorded", marker_name="core_local_activity", details=details, workflow_task_completed_event_id=4)
    fields = {"seq": 1, "attempt": 2, "activityId": "1", "activityType": "note", "result.0": told("at 12:01")}
    again = marker("core_local_activity", **fields)
    assert [one.field for one in answered(past, started, again).differences] == ["result.0", "attempt"]
    assert not answered(past, started, again, local_results=False).differences
    other = marker("core_local_activity", **{**fields, "activityType": "write"})
    assert [row[1:3] for row in shown(answered(past, started, other, local_results=False))] == [
        ("note", "activityType")
    ]


def test_requests_to_cancel_name_what_they_cancel() -> None:
    past = Past()
    past.task(("a", "7"), ("b", "8"))
    started = past.start_task()
    completed = past.complete_task(started)
    past.add("activity_task_cancel_requested", scheduled_event_id=5, workflow_task_completed_event_id=completed)
    kind = "RequestCancelActivityTask"
    assert not compare(
        past.events,
        [TaskDecisions(started_event_id=started, commands=(Command(kind=kind, fields={"scheduledEventId": 5}),))],
    ).differences
    assert not answered(past, started, Command(kind=kind, fields={"activityId": "7"})).differences
    found = answered(past, started, Command(kind=kind, fields={"scheduledEventId": 6}))
    assert shown(found) == [(completed + 1, "a", "activityId", "7", "8")]


def test_cancels_of_other_workflows_are_compared_without_what_the_sdk_adds() -> None:
    past = Past()
    started = past.task()
    kind = "request_cancel_external_workflow_execution_initiated"
    reason = "Cancel requested by workflow with run id r1 with reason: enough"
    child = {"workflow_execution": {"workflow_id": "kid", "run_id": "r9"}, "child_workflow_only": True}
    past.add(kind, workflow_task_completed_event_id=4, reason=reason, **child)
    past.add(kind, workflow_task_completed_event_id=4, workflow_execution={"workflow_id": "w", "run_id": "r3"})

    def cancel(**fields: Any) -> Command:
        return Command(kind="RequestCancelExternalWorkflowExecution", fields=fields)

    of_child = cancel(workflowId="kid", childWorkflowOnly=True, reason="enough")
    assert not answered(past, started, of_child, cancel(workflowId="w", runId="r3")).differences
    found = answered(past, started, cancel(**{**of_child.fields, "reason": "over"}), cancel(workflowId="w", runId="r4"))
    assert shown(found) == [(5, "kid", "reason", "enough", "over"), (6, "w", "runId", "r3", "r4")]


def test_what_is_issued_after_the_end_stands_before_it() -> None:
    past = Past()
    started = past.task(("a", "1"))
    past.add("workflow_execution_completed", workflow_task_completed_event_id=4)
    assert not answered(past, started, Command(kind="CompleteWorkflowExecution", fields={}), activity("a")).differences


def test_tracing_headers_are_not_compared_and_others_are() -> None:
    past = Past()
    started = past.task(("a", "1"))
    assert not answered(past, started, activity("a", more={"header._tracer-data": told("span")})).differences
    found = answered(past, started, activity("a", more={"header.tenant": told("acme")}))
    assert shown(found) == [(5, "a", "header.tenant", None, "acme")]


def test_no_history_and_nobody_asked() -> None:
    nothing: list[HistoryEvent] = []
    assert compare(nothing, []) == Comparison()
    past = Past()
    started = past.task(("a", "1"))
    assert compare(past.events, []) == Comparison(left_out=(LeftOut(workflow_task=started, why="not asked"),))


@pytest.mark.parametrize(
    ("news", "left_out"),
    [((), 0), (("workflow_execution_options_updated",), 0), (("workflow_execution_signaled",), 1)],
    ids=["nothing came", "options were changed", "a signal came"],
)
def test_a_task_that_told_nothing_need_not_be_asked(news: tuple[str, ...], left_out: int) -> None:
    past = Past()
    first = past.task(("a", "1"))
    for kind in news:
        past.add(kind)
    past.task()
    assert len(compare(past.events, [TaskDecisions(started_event_id=first)]).left_out) == left_out
