from __future__ import annotations

from typing import Any

import pytest

from harness.records.evidence import Evidence, History
from harness.records.message_facts import ReportedFailure, WorkflowTaskFailed
from harness.records.plan import Plan, Strike
from harness.records.verdict import Outcome, Severity

from .build import Story, Task, judged, nothing, only_finding, passes

CAP = "outage-ends-at-cap"
CLEAN = "gives-up-cleanly"
THREE = {"initialInterval": "2s", "backoffCoefficient": 2.0, "maximumInterval": "60s", "maximumAttempts": 3}
UNLIMITED = {"initialInterval": "1s"}


def undisturbed(*, effect: str = "") -> Evidence:
    story = Story()
    book = story.activity("book")
    if effect:
        story.effect(effect, {"n": 1}, key="k", task=book)
    return story.model({"ask": "x"}, task=book).complete(book).close().evidence()


def outage(
    attempts: int,
    *,
    waits: float = 3,
    state: str = "MAXIMUM_ATTEMPTS_REACHED",
    fault: str = "model-outage",
    policy: dict[str, Any] = THREE,
    **declared: Any,
) -> Story:
    story = Story()
    book = story.activity("book", retryPolicy=policy, **declared)
    for number in range(1, attempts + 1):
        story.error(book, fault, struck=number == 1)
        if number < attempts:
            story.fail(book).wait(waits)
            book = story.again(book)
    return story.fail_for_good(book, "ServerError", state=state) if state else story.fail(book)


def test_ends_at_the_cap() -> None:
    passes(CAP, outage(3).fail_workflow("ServerError").evidence(), undisturbed())
    passes(CLEAN, outage(3).fail_workflow("ServerError").evidence(), undisturbed())
    passes("workflow-ends-as-baseline", outage(3).fail_workflow("ServerError").evidence(), undisturbed())


def test_ends_by_the_time_declared_for_all() -> None:
    story = outage(2, state="TIMEOUT", policy=UNLIMITED, scheduleToCloseTimeout="6s")
    passes(CAP, story.fail_workflow("ServerError").evidence(), undisturbed())


@pytest.mark.parametrize(("seconds", "outcome"), [(40, "passes"), (90, "fails")])
def test_an_attempt_that_a_fault_lets_time_out_may_last_as_long_as_declared(seconds: float, outcome: str) -> None:
    story = Story()
    book = story.activity("book", retryPolicy=THREE, startToCloseTimeout="40s")
    for number in (1, 2, 3):
        story.no_answer(book, "model-silent-always", struck=number == 1).wait(seconds)
        if number < 3:
            book = story.fail(book).wait(3).again(book)
    evidence = (
        story.fail_for_good(book, "ServerError", state="MAXIMUM_ATTEMPTS_REACHED")
        .fail_workflow("ServerError")
        .evidence()
    )
    if outcome == "passes":
        passes(CAP, evidence, undisturbed())
    else:
        assert "what is declared allows" in only_finding(CAP, evidence, undisturbed()).message


def test_nothing_ends_it() -> None:
    story = outage(4, state="", policy=UNLIMITED)
    finding = only_finding(CAP, story.evidence("deadline"), undisturbed())
    expected = "book 1 is tried for as long as the model is out, 4 times so far: nothing that is declared ends it"
    assert finding.message == expected
    assert finding.how_bad is Severity.RISKY
    # One fact, one severity: that the work is then not over is no worse.
    for name in ("workflow-ends-as-baseline", CLEAN):
        assert only_finding(name, story.evidence("deadline"), undisturbed()).how_bad is Severity.RISKY
    assert only_finding(CAP, outage(2, state="").evidence("deadline"), undisturbed()).how_bad is Severity.BROKEN


def test_given_up_too_soon() -> None:
    story = outage(1, state="NON_RETRYABLE_FAILURE").fail_workflow("ServerError")
    finding = only_finding(CAP, story.evidence(), undisturbed())
    assert finding.message == (
        "book 1 was given up after attempt 1 with retry state NON_RETRYABLE_FAILURE; declared are 3 attempts"
    )


def test_given_up_too_late() -> None:
    finding = only_finding(CAP, outage(3, waits=20).fail_workflow("ServerError").evidence(), undisturbed())
    assert "what is declared allows 27.1 s" in finding.message


LAG = pytest.mark.parametrize(("lag", "outcome"), [(30.0, Outcome.UNKNOWN), (2.0, Outcome.FAIL)])


@LAG
def test_a_busy_machine_explains_that_it_was_given_up_too_late(lag: float, outcome: Outcome) -> None:
    story = outage(3, waits=20).act("lag", since=Story().now, rig=lag).fail_workflow("ServerError")
    told = judged(CAP, story.evidence(), undisturbed())
    assert (told.outcome, told.excused) == (outcome, outcome is Outcome.UNKNOWN)


@LAG
def test_a_busy_machine_explains_that_it_took_long(lag: float, outcome: Outcome) -> None:
    story = refused()
    since = story.now
    story.wait(50).act("lag", since=since, rig=lag).fail_workflow("Refused")
    told = judged(CLEAN, story.evidence(), undisturbed())
    assert (told.outcome, told.excused) == (outcome, outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize(("fault", "late"), [("model-refused-always", False), ("model-outage", True)])
def test_attempts_that_reach_no_door_are_as_late_as_they_end(fault: str, late: bool) -> None:
    story = Story()
    book = story.activity("book", retryPolicy=THREE)
    story.model({"ask": "x"}, task=book, executed=False).strike(fault=fault).drop(injected=fault).fail(book).wait(40)
    book = story.again(book)
    story.wait(1).fail_for_good(book, "ServerError", state="MAXIMUM_ATTEMPTS_REACHED").fail_workflow("ServerError")
    if late:
        assert "after the last call that failed" in only_finding(CLEAN, story.evidence(), undisturbed()).message
    else:
        passes(CLEAN, story.evidence(), undisturbed())


def test_not_given_up_in_time() -> None:
    finding = only_finding(CAP, outage(2, state="").evidence("deadline"), undisturbed())
    assert finding.message == "book 1 did not end: 2 attempts were seen, 3 attempts are declared"


def test_outage_that_heals_in_time_is_none() -> None:
    story = outage(2, fault="model-500-until-healed", state="", policy=THREE)
    book = story.wait(4).hand_out(_third(story))
    story.model({"ask": "x"}, task=book).complete(book)
    assert nothing(CAP, story.close().evidence(), undisturbed()) == "no activity met an outage of the model that lasted"
    passes("workflow-ends-as-baseline", story.evidence(), undisturbed())


def _third(story: Story) -> Task:
    return Task("book", "1", 1, 3, story.worker)


def test_outage_that_heals_too_late_is_one() -> None:
    two = {**THREE, "maximumAttempts": 2}
    story = outage(2, fault="model-500-until-healed", policy=two).fail_workflow("ServerError")
    passes(CAP, story.evidence(), undisturbed())
    passes("workflow-ends-as-baseline", story.evidence(), undisturbed())
    short = outage(1, fault="model-500-until-healed", state="NON_RETRYABLE_FAILURE").fail_workflow("ServerError")
    only_finding("workflow-ends-as-baseline", short.evidence(), undisturbed())


def refused() -> Story:
    story = Story()
    book = story.activity("book")
    return story.error(book, "model-400").fail_for_good(
        book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=True
    )


def test_fails_cleanly() -> None:
    passes(CLEAN, refused().fail_workflow("Refused").evidence(), undisturbed())
    passes(CLEAN, refused().fail_workflow("RuntimeError", "Refused").evidence(), undisturbed())


@pytest.mark.parametrize("kind", ["", "Exception", "RuntimeError"])
def test_failure_without_a_kind(kind: str) -> None:
    finding = only_finding(CLEAN, refused().fail_workflow(kind).evidence(), undisturbed())
    assert f"failed with {kind or 'no type'}: its failure, causes included, does not tell" in finding.message


@pytest.mark.parametrize("timeout", ["SCHEDULE_TO_CLOSE", "START_TO_CLOSE", "HEARTBEAT"])
def test_a_timeout_says_what_kind_of_failure_it_is(timeout: str) -> None:
    cause = {"message": "it timed out", "timeoutFailureInfo": {"timeoutType": f"TIMEOUT_TYPE_{timeout}"}}
    story = refused().close("FAILED", failure={"message": "Activity task timed out", "cause": cause})
    passes(CLEAN, story.evidence(), undisturbed())


def test_workflow_task_fails_for_ever() -> None:
    story = refused()
    for _ in range(3):
        failed = WorkflowTaskFailed(cause="X", failure=ReportedFailure(message="no answer", type="ValueError"))
        story.message("wire", "RespondWorkflowTaskFailed", workflow_task=True, asked=failed)
    finding = only_finding(CLEAN, story.evidence("deadline"), undisturbed())
    assert finding.message == "Agent was not given up under model-400: its workflow task failed 3 times: no answer"


def test_times_out_or_takes_long() -> None:
    finding = only_finding(CLEAN, refused().close("TIMED_OUT").evidence(), undisturbed())
    assert finding.message == "Agent timed out under model-400, expected it to fail before"
    finding = only_finding(CLEAN, refused().wait(50).fail_workflow("Refused").evidence(), undisturbed())
    assert "after the last call that failed, expected within 30." in finding.message
    passes(CLEAN, refused().wait(20).fail_workflow("Refused").evidence(), undisturbed())


@pytest.mark.parametrize(("second", "late"), [("model-silent", False), ("model-reset", True)])
def test_a_call_that_hangs_may_take_as_long_as_a_client_waits(second: str, late: bool) -> None:
    story = refused()
    other = story.activity("look")
    story.model({"ask": "x"}, task=other, executed=False).strike(fault=second).drop(injected=second)
    story.wait(50).fail_for_good(other, "Silent", state="NON_RETRYABLE_FAILURE")
    evidence = story.fail_workflow("Refused").evidence()
    if late:
        assert "after the last call that failed" in only_finding(CLEAN, evidence, undisturbed()).message
    else:
        passes(CLEAN, evidence, undisturbed())


def test_activity_left_open() -> None:
    story = refused()
    story.activity("watch")
    finding = only_finding(CLEAN, story.fail_workflow("Refused").evidence(), undisturbed())
    assert "watch was still open when Agent failed" in finding.message
    story = refused()
    watch = story.activity("watch")
    story.event("ACTIVITY_TASK_CANCEL_REQUESTED", scheduledEventId=str(story.scheduled[watch.activity_id]))
    passes(CLEAN, story.fail_workflow("Refused").evidence(), undisturbed())


@pytest.mark.parametrize(("policy", "kept"), [("ABANDON", False), ("TERMINATE", True)])
def test_child_left_running(policy: str, kept: bool) -> None:
    story = refused()
    policy = f"PARENT_CLOSE_POLICY_{policy}"
    story.event("START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="child", parentClosePolicy=policy)
    child = History(workflow_id="child", run_id="r2", path="Agent/Child.1", root=False, events=())
    evidence = story.fail_workflow("Refused").evidence(histories=(story.history, child))
    if kept:
        passes(CLEAN, evidence, undisturbed())
    else:
        finding = only_finding(CLEAN, evidence, undisturbed())
        assert finding.message.startswith("child workflow Agent/Child.1 was left running")


def half_done(*, undone: bool) -> Evidence:
    story = Story()
    book = story.activity("book")
    story.effect("reserve", {"n": 1}, key="k", task=book).error(book, "model-400")
    if undone:
        story.effect("release", {"n": 1}, key="r", task=book)
    story.fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=True)
    return story.fail_workflow("Refused").evidence()


def test_effect_of_an_activity_that_never_completed() -> None:
    finding = only_finding(CLEAN, half_done(undone=False), undisturbed(effect="reserve"))
    assert finding.message == "reserve of book 1 has happened, and book 1 never completed"
    passes(CLEAN, half_done(undone=True), undisturbed(effect="reserve"))


def test_effect_of_a_completed_activity_stays() -> None:
    story = Story()
    note = story.activity("note")
    story.effect("note", {"n": 1}, key="k", task=note).complete(note)
    book = story.activity("book")
    story.error(book, "model-400").fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=True)
    passes(CLEAN, story.fail_workflow("Refused").evidence(), undisturbed(effect="note"))


def test_giving_up_with_nothing_to_look_at() -> None:
    assert nothing(CLEAN, undisturbed()) == "no fault made it impossible to succeed"
    assert nothing(CAP, undisturbed()) == "no activity met an outage of the model that lasted"


def test_an_outage_whose_declared_attempts_are_not_used_up_yet_is_waited_for_no_longer_and_told() -> None:
    twelve = {**THREE, "maximumAttempts": 12}
    waiting = outage(7, state="", policy=twelve).wait(1).act("deadline").evidence("deadline")
    for name in (CAP, CLEAN, "workflow-ends-as-baseline"):
        judgement = judged(name, waiting, undisturbed())
        expected = "book 1 has 12 attempts declared, and 7 of them were made until the deadline"
        assert (judgement.outcome, judgement.reason) == (Outcome.UNKNOWN, expected)
    overdue = outage(7, state="", policy=twelve).wait(900).act("deadline").evidence("deadline")
    assert only_finding(CAP, overdue, undisturbed())


@pytest.mark.parametrize(("pause", "left"), [(1.0, True), (900.0, False)])
def test_an_outage_is_not_over_before_the_time_that_is_declared_for_all_attempts(pause: float, left: bool) -> None:
    story = Story(plan=Plan((Strike("effect-outage", "before/effect.book/Agent/book.1/attempt-1"),)))
    unlimited = {**THREE, "maximumAttempts": 0}
    book = story.strike(fault="effect-outage").activity("book", scheduleToCloseTimeout="600s", retryPolicy=unlimited)
    story.fail(book)
    evidence = story.wait(pause).act("deadline").evidence("deadline", end_reason="not over 42 s")
    for name in (CLEAN, "workflow-ends-as-baseline"):
        found = judged(name, evidence, undisturbed())
        assert found.outcome is (Outcome.UNKNOWN if left else Outcome.FAIL)
        assert (
            "book 1 has 10 min declared for all attempts, which were not over at the deadline" in found.reason
        ) == left


@pytest.mark.parametrize(("pause", "left"), [(1.0, True), (900.0, False)])
def test_a_compensation_that_is_tried_while_effects_are_out_says_nothing_yet(pause: float, left: bool) -> None:
    story = Story(plan=Plan((Strike("effect-outage", "before/effect.book/Agent/book.1/attempt-1"),)))
    story.strike(fault="effect-outage").fail_for_good(story.activity("book"), state="MAXIMUM_ATTEMPTS_REACHED")
    undo = story.activity("undo")
    story.fail(undo)
    story.fail(undo := story.wait(1).again(undo))
    evidence = story.wait(pause).act("deadline").evidence("deadline", end_reason="not over 42 s")
    for name in (CLEAN, "workflow-ends-as-baseline"):
        found = judged(name, evidence, undisturbed())
        assert found.outcome is (Outcome.UNKNOWN if left else Outcome.FAIL)
        assert ("undo 1 has 5 attempts declared, and 2 of them were made until the deadline" in found.reason) == left


def test_an_activity_that_completed_is_not_tried_again_however_soon_the_deadline_came() -> None:
    story = Story()
    book = story.activity("book", retryPolicy=THREE)
    open_still = story.error(book, "model-outage").complete(book).wait(1).act("deadline").evidence("deadline")
    assert "was not given up under model-outage" in only_finding(CLEAN, open_still, undisturbed()).message
