"""Worlds for tests: what a worker decides is written by hand."""

from __future__ import annotations

from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.commands import write_answer
from harness.replay.explore.events import after
from harness.replay.explore.move import DEFAULT_BUDGETS, Step
from harness.replay.explore.outcomes import steps_from
from harness.replay.explore.world import Declared, KnownOutcome, World, begin, run_id_of


def first(*sends: Declared, **budgets: int) -> World:
    world = World(
        workflow_id="trip",
        workflow_type="Trip",
        task_queue="agents",
        run_id=run_id_of("trip", 0),
        sends=tuple((each,) for each in sends),
        left={**DEFAULT_BUDGETS, **budgets},
    )
    return begin(world, arguments=payloads(b'"Rome"'))


def payloads(*contents: bytes) -> Payloads:
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=each) for each in contents])


def activity(name: str, *, attempts: int = 0, seconds: dict[str, int] | None = None, types: Any = ()) -> Command:
    command = Command(command_type="COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK")  # type: ignore[arg-type]
    attributes = command.schedule_activity_task_command_attributes
    attributes.activity_id, attributes.activity_type.name = name, name
    attributes.task_queue.name = "agents"
    attributes.input.CopyFrom(payloads(b'"Rome"'))
    for timeout, length in (seconds or {"start_to_close_timeout": 60}).items():
        getattr(attributes, timeout).FromSeconds(length)
    attributes.retry_policy.maximum_attempts = attempts
    attributes.retry_policy.non_retryable_error_types.extend(types)
    return command


def timer(name: str, seconds: int) -> Command:
    command = Command(command_type="COMMAND_TYPE_START_TIMER")  # type: ignore[arg-type]
    command.start_timer_command_attributes.timer_id = name
    command.start_timer_command_attributes.start_to_fire_timeout.FromSeconds(seconds)
    return command


def completion(result: bytes) -> Command:
    command = Command(command_type="COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION")  # type: ignore[arg-type]
    command.complete_workflow_execution_command_attributes.result.CopyFrom(payloads(result))
    return command


def answered(world: World, *commands: Command) -> World:
    write_answer(world, rpc.RespondWorkflowTaskCompletedRequest(commands=commands), started=world.write_task_started())
    return world


def names(world: World) -> list[str]:
    return ["+".join(move.name.partition("#")[0] + move.detail for move in step) for step in steps_from(world)]


def words(world: World) -> list[str]:
    return [", ".join(move.words for move in step) for step in steps_from(world)]


def step(world: World, text: str) -> Step:
    return next(each for each in steps_from(world) if ", ".join(move.words for move in each) == text)


def taken(world: World, text: str, *, result: bytes = b'"done"') -> World:
    chosen = step(world, text)
    known = KnownOutcome(result=payloads(result))
    return after(world, chosen, outcomes={move.subject: known for move in chosen})


def kinds(world: World) -> list[str]:
    return [(event.WhichOneof("attributes") or "").removesuffix("_event_attributes") for event in world.events]
