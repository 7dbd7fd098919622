from __future__ import annotations

from typing import Any

import pytest

from harness.records.evidence import Evidence

from .build import Story, Task, nothing, only_finding, passes, payloads

CHECK = "stale-completion-harmless"


def paused() -> tuple[Story, Task, Task]:
    """Return a story in which a worker process was stopped and another one has its work: both have an attempt."""
    story = Story()
    old = story.activity("book")
    story.strike(fault="pause-worker").start_worker()
    return story, old, story.again(old)


def undisturbed(*bodies: Any) -> Evidence:
    story = Story()
    book = story.activity("book")
    for body in bodies:
        story.effect("report", body, key="k", task=book)
    return story.complete(book).close().evidence()


def test_late_completion_is_refused() -> None:
    story, old, new = paused()
    story.complete(new).act("continue-worker", worker=1).complete(old, status="NOT_FOUND")
    passes(CHECK, story.close().evidence(), undisturbed())
    for name in ("activities-complete-once", "model-call-not-repeated", "heartbeat-in-time"):
        assert not only_findings(name, story.evidence())


def only_findings(name: str, evidence: Evidence) -> Any:
    from .build import judged

    return judged(name, evidence, undisturbed()).findings


def test_late_completion_is_taken() -> None:
    story, old, _ = paused()
    finding = only_finding(CHECK, story.complete(old).close().evidence(), undisturbed())
    assert finding.message == "book 1: attempt 1 completed after attempt 2 had begun, and was not refused"


def test_history_has_the_result_of_the_zombie() -> None:
    story, old, new = paused()
    story.complete(old, "stale", status="NOT_FOUND").complete(new, "fresh", status="NOT_FOUND")
    story.ends(new, "COMPLETED", result=payloads("stale"))
    finding = only_finding(CHECK, story.close().evidence(), undisturbed())
    assert finding.message == "book 1: attempt 1 ended after attempt 2 had begun, and the history has its result"


@pytest.mark.parametrize(
    ("body", "key", "words"),
    [
        ({"n": 1, "attempt": 1}, "k", "wrote report with {'n': 1, 'attempt': 1} after attempt 2 had written it"),
        ({"n": 1, "attempt": 1}, "", "wrote report with {'n': 1, 'attempt': 1} after attempt 2 had written it"),
        ({"n": 1, "attempt": 2}, "other", "wrote report with another key after attempt 2 had written it"),
        ({"n": 1, "attempt": 2}, "k", ""),
    ],
)
def test_zombie_writes_over_the_newer_attempt(body: Any, key: str, words: str) -> None:
    story, old, new = paused()
    story.effect("report", {"n": 1, "attempt": 2}, key="k", task=new).complete(new)
    story.effect("report", body, key=key, task=old).complete(old, status="NOT_FOUND")
    evidence = story.close().evidence()
    if words:
        assert (
            only_finding(CHECK, evidence, undisturbed({"n": 1, "attempt": 1})).message == f"book 1: attempt 1 {words}"
        )
    else:
        passes(CHECK, evidence, undisturbed({"n": 1, "attempt": 1}))


def test_what_differs_between_undisturbed_runs_may_differ() -> None:
    story, old, new = paused()
    story.effect("report", {"n": 1, "at": 3}, key="k", task=new).complete(new)
    story.effect("report", {"n": 1, "at": 2}, key="k", task=old)
    passes(CHECK, story.close().evidence(), undisturbed({"n": 1, "at": 0}), undisturbed({"n": 1, "at": 1}))


def test_other_steps_are_compared_with_their_own() -> None:
    story, old, new = paused()
    for step in range(3):
        story.effect("report", {"step": step}, key=f"k{step}", task=new)
    story.complete(new).effect("report", {"step": 1}, key="k1", task=old)
    passes(CHECK, story.close().evidence(), undisturbed())


def test_zombie_that_says_nothing() -> None:
    story, _, new = paused()
    words = "no attempt said anything after a newer one had begun"
    assert nothing(CHECK, story.complete(new).close().evidence(), undisturbed()) == words
