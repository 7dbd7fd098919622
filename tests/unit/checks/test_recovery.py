from __future__ import annotations

from typing import Any

from harness.records.evidence import Evidence
from harness.records.verdict import Outcome, TimeTaken

from .build import Story, judged, killed, nothing, only_finding, passes


def recovered_after(seconds: float, **declared: Any) -> Evidence:
    story = killed()
    book = story.activity("book", **declared)
    story.strike().wait(seconds).complete(story.again(book))
    return story.close().evidence()


def test_progress_comes_too_late() -> None:
    finding = only_finding("recovers-in-time", recovered_after(60, heartbeatTimeout="5s"))
    assert finding.message == "after kill-worker progress came 60.0 s later; declared timeouts allow 41.0 s"
    assert "kill-worker" in str(finding.evidence[0])
    assert "worker 22864  attempt 2" in str(finding.evidence[1])


def test_declared_timeouts_allow_it() -> None:
    passes("recovers-in-time", recovered_after(60))
    passes("recovers-in-time", recovered_after(7, heartbeatTimeout="5s"))


def test_how_long_it_took_is_told_with_what_is_allowed() -> None:
    for seconds, outcome in ((7.0, Outcome.PASS), (60.0, Outcome.FAIL)):
        told = judged("recovers-in-time", recovered_after(seconds, heartbeatTimeout="5s"))
        assert (told.outcome, told.times) == (outcome, (TimeTaken(took=seconds + 0.03, allowed=41.0),))


def test_running_timer_allows_it() -> None:
    def waits(seconds: float) -> Evidence:
        story = killed()
        timer = story.event("TIMER_STARTED", startToFireTimeout="100s")
        story.strike().wait(seconds).event("TIMER_FIRED", startedEventId=str(timer))
        story.message("wire", "PollWorkflowTaskQueue", workflow_task=True)
        return story.close().evidence()

    passes("recovers-in-time", waits(105))
    only_finding("recovers-in-time", waits(150))


def test_no_progress_at_all() -> None:
    story = killed()
    story.strike().wait(500)
    finding = only_finding("recovers-in-time", story.evidence("deadline"))
    assert "no progress was made; declared timeouts allow 35.0 s" in finding.message


def test_worker_that_starts_slowly_is_no_finding() -> None:
    story = killed()
    book = story.activity("book", heartbeatTimeout="5s")
    story.strike(restart=False).wait(55).start_worker().wait(5).complete(story.again(book))
    passes("recovers-in-time", story.close().evidence())


def test_strike_during_recovery_is_judged_by_the_last() -> None:
    story = killed()
    book = story.activity("book", heartbeatTimeout="5s")
    story.strike().wait(30).strike().wait(30).complete(story.again(book))
    passes("recovers-in-time", story.close().evidence())


def test_recovery_with_nothing_to_look_at() -> None:
    assert nothing("recovers-in-time", Story().close().evidence())


def recovered_by(fault: str, *, same_worker: bool, seconds: float = 1.0) -> Evidence:
    story = Story()
    book = story.activity("book", heartbeatTimeout="5s")
    story.strike(fault=fault).wait(seconds)
    if not same_worker:
        book = story.start_worker().again(book)
    return story.complete(book).close().evidence("closed" if not same_worker else "deadline")


def test_who_must_make_progress() -> None:
    for fault in ("model-429", "reply-lost", "effect-reply-lost", "kill-server", "heartbeat-lost"):
        passes("recovers-in-time", recovered_by(fault, same_worker=True))
        only_finding("recovers-in-time", recovered_by(fault, same_worker=True, seconds=90))
    passes("recovers-in-time", recovered_by("pause-worker", same_worker=False))
    finding = only_finding("recovers-in-time", recovered_by("pause-worker", same_worker=True))
    assert "after pause-worker no progress was made" in finding.message


def test_error_that_was_made_up_is_no_progress() -> None:
    story = Story()
    book = story.activity("book", heartbeatTimeout="5s")
    story.error(book, "model-429").wait(90).complete(book)
    only_finding("recovers-in-time", story.close().evidence())


def asked_to_end(seconds: float | None, *, overstayed: bool = False) -> Evidence:
    story = Story()
    story.strike(fault="terminate-worker", restart=False)
    if overstayed:
        story.wait(40).act("worker-overstayed", worker=1, limit=40.0)
    if seconds is not None:
        story.wait(seconds).act("worker-exit", worker=1, exit_status=-9 if overstayed else 0, expected=True)
    return story.start_worker().close().evidence()


def test_worker_process_ends_when_asked() -> None:
    passes("graceful-stop", asked_to_end(12))
    finding = only_finding("graceful-stop", asked_to_end(0.1, overstayed=True))
    assert finding.message == "the worker process did not end within 40 s of SIGTERM"
    only_finding("graceful-stop", asked_to_end(45))


def test_stop_with_nothing_to_look_at() -> None:
    words = "no worker process was asked to end, or the trial was over first"
    assert nothing("graceful-stop", Story().close().evidence()) == words
    assert nothing("graceful-stop", asked_to_end(None)) == words
    assert nothing("graceful-stop", recovered_after(1)) == words
