"""What a worker process does between SIGTERM and its end is told as a baseline of its own."""

from __future__ import annotations

from typing import Any

from harness.records.act_facts import ACTS
from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.tape import Entry
from harness.sweeps.stops import stop_of, stops_in_words


def act(operation: str, at: float, *, worker: int = 1, **facts: Any) -> Entry:
    return Entry(at=at, kind="act", operation=operation, worker=worker, facts=ACTS[operation](**facts))


def request(operation: str, at: float, *, worker: int = 1) -> Entry:
    return Entry(at=at, kind="request", door="wire", operation=operation, worker=worker)


def evidence(*tape: Entry, fault: str = "terminate-worker") -> Evidence:
    return Evidence(trial="t", scenario="s", plan=Plan((Strike(fault, "x"),)), end="closed", tape=tape)


def test_what_was_sent_between_the_signal_and_the_end_is_told() -> None:
    found = stop_of(
        evidence(
            request("PollActivityTaskQueue", 1.0),
            act("strike", 2.0, fault="terminate-worker"),
            request("ShutdownWorker", 2.1),
            request("RespondActivityTaskCompleted", 2.2),
            request("RespondActivityTaskCompleted", 2.3),
            request("GetSystemInfo", 2.4, worker=2),
            act("worker-exit", 2.5, exit_status=0, expected=True),
            request("GetSystemInfo", 2.6, worker=2),
        )
    )
    assert found is not None
    assert found.sent == ("ShutdownWorker", "RespondActivityTaskCompleted")
    assert stops_in_words([found, found]) == (
        "After SIGTERM the worker still sent ShutdownWorker, RespondActivityTaskCompleted; "
        "it ended within 0.5 s, with exit status 0."
    )


def test_a_worker_that_dies_at_once_sends_nothing() -> None:
    found = stop_of(
        evidence(act("strike", 2.0, fault="terminate-worker"), act("worker-exit", 2.0, exit_status=-15, expected=True))
    )
    assert found is not None
    assert (
        stops_in_words([found])
        == "After SIGTERM the worker still sent nothing; it ended within 0.0 s, with exit status -15."
    )


def test_a_worker_that_ignores_the_signal_is_told_to_have_been_killed() -> None:
    found = stop_of(
        evidence(act("strike", 2.0, fault="terminate-worker"), act("worker-exit", 22.0, exit_status=-9, expected=True))
    )
    assert found is not None
    assert stops_in_words([found]).endswith(
        "; it was killed, since it did not end by itself, within 20.0 s, with exit status -9."
    )


def test_a_kill_is_no_stop_and_neither_is_one_that_is_not_seen_to_the_end() -> None:
    killed = (act("strike", 2.0, fault="kill-worker"), act("worker-exit", 2.1, exit_status=-9, expected=True))
    assert stop_of(evidence(*killed, fault="kill-worker")) is None
    assert stop_of(evidence(act("strike", 2.0, fault="terminate-worker"))) is None
    assert stops_in_words([]) == ""
