"""What a server writes for each move."""

from __future__ import annotations

from temporalio.api.enums.v1 import RetryState
from temporalio.api.update.v1 import Request

from harness.replay.explore.events import after
from harness.replay.explore.world import Declared, KnownOutcome, World
from tests.unit.replay.explore.worlds import activity, answered, first, kinds, payloads, step, taken, timer

BEGIN = "the first workflow task is handed out"


def booking(**more: int) -> World:
    return answered(taken(first(), BEGIN), activity("book", attempts=3, seconds={"start_to_close_timeout": 60, **more}))


def test_attempts_that_are_retried_show_nothing_but_the_last() -> None:
    world = taken(booking(), "activity book.1 fails on each of its 3 attempts")
    assert kinds(world)[-3:] == ["activity_task_started", "activity_task_failed", "workflow_task_scheduled"]
    assert world.events[-3].activity_task_started_event_attributes.attempt == 3
    failed = world.events[-2].activity_task_failed_event_attributes
    assert failed.retry_state == RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
    assert world.clock - booking().clock > 3  # the pauses between the attempts
    assert not world.pending
    assert (world.left["fail"], world.left["trouble"]) == (0, 0)


def test_time_passes_until_a_timeout_elapses() -> None:
    world = booking(heartbeat_timeout=20)
    later = taken(world, "activity book.1 times out (heartbeat) on each of its 3 attempts")
    assert later.clock - world.clock >= 60
    assert later.events[-2].activity_task_timed_out_event_attributes.failure.timeout_failure_info.timeout_type == 4


def test_a_timer_fires_when_it_is_due() -> None:
    world = answered(taken(first(), BEGIN), timer("1", 86_400))
    later = taken(world, "timer.1 fires")
    fired = later.events[-2]
    assert fired.timer_fired_event_attributes.timer_id == "1"
    assert round(fired.event_time.ToMilliseconds() / 1000 - world.clock) == 86_400


def test_what_comes_together_comes_in_one_task() -> None:
    signal = Declared(kind="signal", name="approve", input=payloads(b"1").SerializeToString())
    world = answered(taken(first(signal), BEGIN), activity("book"))
    later = taken(world, "activity book.1 completes, signal approve arrives")
    assert kinds(later)[-4:] == [
        "activity_task_started",
        "activity_task_completed",
        "workflow_task_scheduled",
        "workflow_execution_signaled",
    ]
    assert later.events[-1].workflow_execution_signaled_event_attributes.input == payloads(b"1")
    assert later.left["together"] == 0


def test_an_update_comes_as_a_message() -> None:
    update = Declared(kind="update", name="rename", input=payloads(b'"Bob"').SerializeToString())
    later = taken(answered(taken(first(update), BEGIN)), "update rename arrives")
    (message,) = later.requests
    assert message.protocol_instance_id == "rename-1"
    assert Request.FromString(message.body.value).input.name == "rename"


def test_what_is_not_known_is_said() -> None:
    world = booking()
    chosen = step(world, "activity book.1 completes")
    later = after(world, chosen, outcomes={chosen[0].subject: KnownOutcome(why_not="how book.1 ends: it hangs")})
    assert (later.close, later.unexplored) == ("left", ("how book.1 ends: it hangs",))


def test_the_world_before_stays_as_it_was() -> None:
    world = booking()
    before = (list(world.events), dict(world.pending), world.path)
    taken(world, "activity book.1 completes")
    assert (world.events, world.pending, world.path) == before
