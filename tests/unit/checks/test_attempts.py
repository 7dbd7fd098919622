"""Attempts are gathered from the tape: what each sent, how it ended, who made it, and what was declared for it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from harness.checks.attempts import Attempt, accelerated, attempts_of, by_execution, deaths, lost_at, requests
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityTask, TaskRetryPolicy
from harness.records.tape import Entry

from .build import Story


def only(evidence: Evidence) -> Attempt:
    (attempt,) = attempts_of(evidence)
    return attempt


def test_an_attempt_has_all_that_it_sent_and_was_answered() -> None:
    story = Story()
    book = story.activity("book", details=["here"])
    story.beat(book, 1).model({"ask": "x"}, task=book).effect("note", {}, task=book).complete(book, "done")
    attempt = only(story.close().evidence())
    assert (attempt.name, attempt.number, attempt.worker, attempt.details) == ("book 1", 1, 1, ["here"])
    assert len(attempt.heartbeats) == 1
    assert [call.operation for call in attempt.calls("model", "effect")] == ["chat.completions", "note"]
    assert attempt.completed
    assert attempt.failure is None
    assert attempt.heard
    call = attempt.calls("model")[0]
    assert attempt.answered(call) is attempt.replies[call.message]


def test_the_failure_that_the_server_took() -> None:
    story = Story()
    book = story.activity("book")
    story.fail(book, "Budget", next_retry_delay=3.0)
    attempt = only(story.evidence())
    assert attempt.failure is not None
    assert (attempt.failure.type, attempt.failure.next_retry_delay, attempt.completed) == ("Budget", 3.0, False)


def test_an_answer_that_the_server_refused_ends_nothing() -> None:
    story = Story()
    book = story.activity("book")
    story.complete(book, status="NOT_FOUND")
    attempt = only(story.evidence())
    assert (attempt.ended, attempt.completed) == (None, False)
    assert attempt.answer is attempt.answers[0]


def test_a_call_that_was_cut_off_made_up_or_refused_is_not_answered() -> None:
    story = Story()
    book = story.activity("book")
    story.half_answer(book, "A quiet lake.").error(book, "model-429").model({"ask": 2}, task=book, status="500")
    attempt = only(story.evidence())
    assert [attempt.answered(call) for call in attempt.calls("model")] == [None, None, None]


def test_an_attempt_that_was_lost_on_its_way_was_lost_when_it_began() -> None:
    story = Story()
    story.activity("book")
    story.drop(status="UNAVAILABLE", injected="reply-lost")
    attempt = only(story.evidence())
    assert not attempt.heard
    assert lost_at(attempt, {}) == attempt.began


def test_a_worker_process_is_dead_from_the_strike_or_its_exit() -> None:
    story = Story().strike(fault="kill-worker")
    struck_at = story.evidence().strikes[0].at
    story.act("worker-exit", worker=1, exit_status=-9, expected=True)
    story.strike(fault="terminate-worker", restart=False).wait(5)
    story.act("worker-exit", worker=2, exit_status=0, expected=True)
    assert deaths(story.evidence()) == {1: struck_at, 2: story.now}


def test_attempts_of_one_execution_are_grouped_in_order() -> None:
    story = Story()
    book = story.activity("book")
    story.fail(book)
    second = story.again(book)
    story.complete(second).activity("book")
    groups = list(by_execution(attempts_of(story.evidence())).values())
    assert [[(each.execution, each.number) for each in group] for group in groups] == [[(1, 1), (1, 2)], [(2, 1)]]


def test_what_the_history_declares_counts_and_else_what_the_task_carried() -> None:
    story = Story()
    story.activity("book", heartbeatTimeout="5s")
    assert only(story.evidence()).options.heartbeat == 5.0
    handed_out = ActivityTask(
        attempt=1, activity_type="book", heartbeat_timeout=7.0, retry_policy=TaskRetryPolicy(attempts=3)
    )
    tape = [replace(entry, facts=handed_out) if entry.activity_id else entry for entry in story.tape]
    options = only(replace(story.evidence(histories=()), tape=tuple(tape))).options
    assert (options.heartbeat, options.retry.attempts, options.retry.initial) == (7.0, 3, 1.0)


def test_a_timeout_that_crashproof_asked_for() -> None:
    story = Story().act("accelerate", what="activity", activity_id="7")
    evidence, at = story.evidence(), story.now
    assert accelerated(evidence, "7")
    assert accelerated(evidence, "7", since=at - 1, until=at + 1)
    assert not accelerated(evidence, "7", since=at + 1)
    assert not accelerated(evidence, "8")


def test_the_request_of_each_message() -> None:
    story = Story()
    story.effect("note", {})
    (request,) = requests(story.tape).values()
    assert (request.kind, request.operation) == ("request", "note")


def test_attempts_are_made_once_and_go_with_the_evidence() -> None:
    story = Story()
    story.activity("book")
    evidence = story.evidence()
    attempts = attempts_of(evidence)
    assert attempts_of(evidence) is attempts
    assert attempts_of(replace(evidence)) is not attempts
    alive = weakref.ref(attempts[0].options)
    del attempts, evidence
    gc.collect()
    assert alive() is None


def test_what_is_no_activity_has_no_attempts() -> None:
    story = Story()
    story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True)
    story.tape.append(Entry(at=story.now, kind="dropped", operation="PollActivityTaskQueue", message=99))
    assert attempts_of(story.evidence()) == ()
