"""What the agent does now is told by what passed the doors last."""

from __future__ import annotations

from dataclasses import replace

from harness.trial.doing import doing, waits
from tests.unit.checks.build import Story, killed


def seen(story: Story) -> str:
    return doing(story.evidence().tape)


def test_an_attempt_that_was_handed_out_is_under_way_until_it_is_reported() -> None:
    story = Story()
    assert doing(()) == ""
    task = story.activity("charge")
    assert seen(story) == "charge 1"
    story.complete(task)
    assert seen(story) != "charge 1"


def test_a_call_without_an_answer_comes_before_its_attempt() -> None:
    story = Story()
    story.effect("charge", {"order": 17}, task=story.activity("book"))
    tape = story.evidence().tape
    asked = next(number for number, entry in enumerate(tape) if entry.door == "effect" and entry.kind == "request")
    assert doing(tape[: asked + 1]) == "effect charge of book 1"
    assert doing(tape) == "book 1"
    model = [replace(tape[asked], door="model", operation="chat.completions")]
    assert doing([*tape[:asked], *model]) == "model call chat.completions of book 1"


def test_a_later_attempt_is_told_by_its_number() -> None:
    story = killed()
    task = story.activity("charge")
    story.strike()
    assert seen(story) == "the worker waits for a task"
    story.again(task)
    assert seen(story) == "charge 1, attempt 2"


def test_a_trial_waits_when_nothing_but_heartbeats_passes_the_doors() -> None:
    story = Story()
    task = story.activity("charge")
    assert not waits(story.evidence().tape, now=story.now + 1)
    assert waits(story.evidence().tape, now=story.now + 3)
    story.wait(3).beat(task)
    assert waits(story.evidence().tape, now=story.now)
    story.complete(task)
    assert not waits(story.evidence().tape, now=story.now)


def test_a_trial_whose_worker_starts_is_at_work_and_so_is_one_of_which_nothing_is_known() -> None:
    started = [entry for entry in Story().evidence().tape if entry.operation == "start-worker"]
    assert not waits(started, now=started[-1].at + 60)
    assert not waits((), now=0.0)
