"""The commands of each workflow task are read from the events that they led to."""

from __future__ import annotations

from harness.temporal.command import Command
from harness.temporal.command_events import recorded_commands, tasks_without_news
from tests.replay.past import Past, told


def test_commands_belong_to_the_task_that_was_completed_with_them() -> None:
    past = Past()
    first = past.task(("book", "1", "Rome"))
    second = past.task()
    (command,) = recorded_commands(past.events)[first]
    assert (command.kind, command.event_id) == ("ScheduleActivityTask", 5)
    assert (command.fields["activityType"], command.fields["input.0"]) == ("book", told("Rome"))
    assert recorded_commands(past.events)[second] == ()


def test_a_task_that_is_open_has_no_commands() -> None:
    past = Past()
    started = past.start_task()
    assert recorded_commands(past.events) == {}
    past.complete_task(started)
    assert recorded_commands(past.events) == {started: ()}


def test_an_update_belongs_to_the_task_completed_last() -> None:
    past = Past()
    started = past.task()
    past.add(
        "workflow_execution_update_accepted",
        protocol_instance_id="u1",
        accepted_request={"input": {"name": "raise_by"}},
    )
    assert recorded_commands(past.events)[started] == (
        Command(kind="UpdateAccepted", fields={"updateId": "u1", "name": "raise_by"}, event_id=5),
    )


def test_a_task_without_news_told_the_workflow_nothing() -> None:
    past = Past()
    first = past.task(("book", "1", "Rome"))
    past.add("workflow_execution_options_updated")
    unheard = past.task()
    past.add("workflow_execution_signaled", signal_name="go")
    past.add("workflow_task_timed_out", started_event_id=past.start_task())
    heard = past.task()
    assert tasks_without_news(past.events) == {unheard}
    assert {first, heard} <= recorded_commands(past.events).keys()


def test_what_comes_while_a_task_is_under_way_is_news_for_the_next() -> None:
    past = Past()
    started = past.start_task()
    past.add("workflow_execution_signaled", signal_name="go")
    past.complete_task(started)
    past.task()
    last = past.task()
    assert tasks_without_news(past.events) == {last}
