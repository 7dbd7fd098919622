"""A run that is wrong without any strike is no measure, and what could not be served is not the worker's fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness import checks
from harness.checks.judging import judge
from harness.checks.undisturbed import bad_end, notices_of, unserved, why_not_compared
from harness.records.evidence import Evidence
from harness.records.verdict import Outcome

from .build import Story, killed

STREAM = "POST /v1/realtime is not served by crashproof's model server, which serves POST /v1/chat/completions"
FAILURE: dict[str, Any] = {
    "failure": {"message": "Activity task failed", "cause": {"message": "no answer", "applicationFailureInfo": {}}}
}


def failed(*notices: str, story: Story | None = None) -> Any:
    story = story or Story()
    for text in notices:
        story.act("notice", text=text, unserved=True)
    return story.close("FAILED", **FAILURE).evidence()


def test_what_the_doors_said_is_taken_from_the_tape() -> None:
    assert notices_of(failed(STREAM, "the script raised KeyError")) == [STREAM, "the script raised KeyError"]
    assert notices_of(failed()) == []


def test_an_undisturbed_run_that_fails_is_no_measure_and_its_cause_is_told() -> None:
    assert why_not_compared([failed()]) == (
        "undisturbed, Agent already failed, expected it to complete: Activity task failed: no answer"
    )
    assert why_not_compared([Story().close().evidence(), failed()]).startswith("undisturbed, Agent already failed")


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Story().evidence("deadline", end_reason="not over 15 s"), "the work is already not over: not over 15 s"),
        (
            Story().close("TERMINATED", identity="history-service", reason="GrpcMessageTooLarge").evidence(),
            "Agent is already terminated by the server: GrpcMessageTooLarge",
        ),
        (Story().close().evidence(), ""),
        (Story().evidence("over"), ""),
        (Story().close("FAILED").evidence(expects_failure=""), ""),
        (Story().close("TERMINATED", identity="me").evidence(), ""),
    ],
)
def test_how_an_undisturbed_run_ended(evidence: Any, words: str) -> None:
    assert bad_end(evidence) == words


def test_what_could_not_be_served_comes_first_and_makes_the_run_unknown() -> None:
    evidence = failed(STREAM)
    assert why_not_compared([evidence]) == f"crashproof could not serve what the worker asked for: {STREAM}"
    verdict = judge(evidence, baselines=[evidence], checks=checks.standard)
    assert (verdict.outcome, verdict.findings) == (Outcome.UNKNOWN, ())
    assert STREAM in verdict.reason


def test_a_run_that_fails_with_an_input_that_was_made_up_says_nothing_of_the_worker() -> None:
    evidence = replace(failed(), made_up="its input (--input)")
    assert why_not_compared([evidence]) == (
        "undisturbed, Agent already failed, expected it to complete: Activity task failed: no answer; crashproof made "
        "up its input (--input): where that does not fit, say what does"
    )
    verdict = judge(evidence, baselines=[evidence], checks=checks.standard)
    assert (verdict.outcome, verdict.findings) == (Outcome.UNKNOWN, ())
    assert judge(failed(), baselines=[failed()], checks=checks.standard).outcome is Outcome.FAIL


def polling(operation: str) -> Story:
    story = Story()
    story.message("wire", operation)
    return story


def test_work_that_an_input_led_astray_says_nothing_though_it_ended_well() -> None:
    story = Story()
    validate = story.fail(task := story.activity("validate")).ends(task, "FAILED", failure={"message": "no such item"})
    handled = validate.close().evidence()
    idle = polling("PollActivityTaskQueue").close().evidence()
    failed_for_good = "validate failed for good: no such item"
    for evidence, words in ((handled, failed_for_good), (idle, "its workflow ended at once, and did nothing")):
        astray = replace(evidence, made_up="its input (--input)")
        assert why_not_compared([astray]).startswith(f"undisturbed, {words}; crashproof made up its input (--input): ")
        assert why_not_compared([evidence]) == unserved(evidence, [evidence]) == ""
    meant = validate.close("FAILED").evidence(made_up="its input (--input)", expects_failure="")
    assert why_not_compared([meant]) == unserved(meant, [meant]) == ""


def test_work_without_activities_is_judged_with_an_input_that_was_made_up() -> None:
    without = polling("PollWorkflowTaskQueue").close().evidence(made_up="its input (--input)")
    slept = polling("PollActivityTaskQueue")
    slept.event("TIMER_STARTED")
    for evidence in (without, slept.close().evidence(made_up="its input (--input)")):
        assert why_not_compared([evidence]) == unserved(evidence, [evidence]) == ""


@pytest.mark.parametrize(
    "evidence", [Story().close().evidence(), Story().evidence("stopped", end_reason="its workflow task fails")]
)
def test_what_no_input_is_the_cause_of_is_judged_with_one_that_was_made_up_too(evidence: Evidence) -> None:
    made_up = replace(evidence, made_up="its input (--input)")
    assert unserved(made_up, [made_up]) == ""


def test_what_an_activity_calls_and_is_not_there_is_no_fault_of_the_worker() -> None:
    def gave_up(kind: str) -> Evidence:
        story = Story()
        return failed(story=story.fail(story.activity("charge"), kind))

    for kind in ("ConnectError", "ClientConnectorError", "ConnectionRefusedError", "APIConnectionError", "gaierror"):
        reason = why_not_compared([gave_up(kind)])
        assert reason.endswith("no answer; what charge calls could not be reached: start it before the run"), kind
        assert judge(gave_up(kind), baselines=[gave_up(kind)], checks=checks.standard).outcome is Outcome.UNKNOWN
    story = Story()
    stuck = story.fail(story.activity("charge"), "ConnectError").evidence("stopped", end_reason="its task fails")
    assert unserved(stuck, [stuck]) == ""
    assert judge(gave_up("HTTPError"), baselines=[gave_up("HTTPError")], checks=checks.standard).outcome is Outcome.FAIL


def test_a_run_that_gets_along_without_it_is_judged() -> None:
    story = Story().act("notice", text=STREAM, unserved=True)
    undisturbed = story.complete(story.activity("book")).close().evidence()
    assert why_not_compared([undisturbed]) == unserved(undisturbed, [undisturbed]) == ""
    # It asks for the same under a strike, and what goes wrong there has another cause.
    struck = failed(STREAM, story=killed().strike())
    assert judge(struck, baselines=[undisturbed], checks=checks.standard).outcome is Outcome.FAIL
    fresh = failed("GET /v1/files is not served", story=killed().strike())
    assert judge(fresh, baselines=[undisturbed], checks=checks.standard).outcome is Outcome.UNKNOWN


def test_another_notice_of_a_door_excuses_nothing() -> None:
    story = Story().act("notice", text="search attribute OrderId was registered")
    assert why_not_compared([failed(story=story)]).startswith("undisturbed, Agent already failed")
