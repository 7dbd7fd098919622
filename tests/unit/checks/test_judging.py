from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from harness import checks
from harness.checks.attempts import attempts_of
from harness.checks.judging import judge
from harness.errors import UsageError
from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTaskCompleted
from harness.records.plan import Plan, Strike
from harness.records.tape import Entry
from harness.records.verdict import Finding, Outcome, Severity

from .build import KILLED, Story, killed


def clean(story: Story) -> Evidence:
    book = story.activity("book")
    return story.complete(book).close().evidence()


def test_strike_while_open() -> None:
    story = killed()
    story.strike()
    verdict = judge(clean(story), baselines=[clean(Story())], checks=checks.standard)
    assert (verdict.struck, verdict.outcome) == (True, Outcome.PASS), verdict


def test_strike_that_never_happened() -> None:
    verdict = judge(clean(killed()), baselines=[clean(Story())], checks=checks.standard)
    assert (verdict.struck, verdict.outcome) == (False, Outcome.UNKNOWN)
    assert "never struck while the workflow was open: kill-worker@before/Respond" in verdict.reason


def test_strike_after_the_end() -> None:
    story = killed()
    evidence = clean(story)
    story.strike()
    assert not judge(replace(evidence, tape=tuple(story.tape)), baselines=[], checks=()).struck


def test_strike_at_the_message_that_ended_the_workflow() -> None:
    point = "after/RespondWorkflowTaskCompleted/Agent/attempt-1"
    story = Story(plan=Plan((Strike("kill-worker", point),)))
    story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True)
    story.now -= 0.005
    story.close().wait(0.1).strike(point)
    assert judge(story.evidence(), baselines=[], checks=()).struck


def test_two_strikes_at_one_place_need_two() -> None:
    story = Story(plan=Plan(KILLED.strikes * 2))
    story.strike(KILLED.strikes[0].point)
    assert not judge(clean(story), baselines=[], checks=()).struck


def test_trials_of_which_the_checks_say_the_same_share_their_judgements() -> None:
    """A run keeps the verdicts of all its trials: thousands of them say the same of forty checks."""
    one, other = (judge(clean(Story()), baselines=[], checks=checks.standard) for _ in range(2))
    assert one.judgements
    assert all(mine is others for mine, others in zip(one.judgements, other.judgements, strict=True))


def test_stopped_trial_is_unknown() -> None:
    verdict = judge(Story().evidence("stopped", end_reason="disk full"), baselines=[], checks=checks.standard)
    assert (verdict.reason, verdict.outcome) == ("disk full", Outcome.UNKNOWN)


@pytest.mark.parametrize("operation", ["RespondActivityTaskFailed", "RecordActivityTaskHeartbeat"])
def test_what_a_stranger_answers_makes_a_trial_unknown(operation: str) -> None:
    """A client of the user's own may send what it likes; tasks are answered by worker processes."""
    evidence = clean(Story())
    calls = [
        Entry(at=1.0, kind="request", door="wire", operation=each) for each in ("SignalWorkflowExecution", operation)
    ]
    for tape, outcome in ((calls[:1], Outcome.PASS), (calls, Outcome.UNKNOWN)):
        verdict = judge(replace(evidence, tape=(*evidence.tape, *tape)), baselines=[], checks=checks.standard)
        assert verdict.outcome is outcome, verdict
    assert verdict.reason.startswith("1 calls of a worker came from a process that crashproof did not start")
    assert operation in verdict.reason


@checks.check("note-kept", severity=Severity.RISKY, why="Notes matter.", fix="Keep it.")
def note_kept(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No activity is called note."""
    for attempt in attempts_of(evidence):
        if attempt.activity.startswith("note"):
            worse = Severity.BROKEN if attempt.number > 1 else None
            yield Finding(check="note-kept", subject="note", message=f"attempt {attempt.number}", severity=worse)


def noted(story: Story, attempts: int = 1) -> Evidence:
    task = story.activity("note")
    for _ in range(attempts - 1):
        task = story.again(task)
    return story.complete(task).close().evidence()


def test_a_finding_has_the_words_of_its_check_and_fails_only_where_it_is_bad_enough() -> None:
    evidence = noted(Story())
    mild = judge(evidence, baselines=[evidence], checks=[note_kept])
    assert (mild.outcome, mild.findings[0].severity) == (Outcome.PASS, Severity.RISKY)
    assert (mild.findings[0].why, mild.findings[0].fix) == ("Notes matter.", "Keep it.")
    strict = judge(evidence, baselines=[evidence], checks=[note_kept], fail_on=Severity.RISKY)
    assert (strict.outcome, strict.findings) == (Outcome.FAIL, mild.findings)


def test_what_holds_without_a_strike_is_told_with_the_first_baseline_alone() -> None:
    first, second = noted(Story()), replace(noted(Story()), trial="second")
    struck = killed()
    trial = noted(struck.strike())
    judged = [
        judge(each, baselines=[first, second], checks=[note_kept], fail_on=Severity.RISKY)
        for each in (first, second, trial)
    ]
    assert [len(verdict.findings) for verdict in judged] == [1, 0, 0]
    assert [verdict.judgements[0].outcome for verdict in judged] == [Outcome.FAIL, None, None]
    assert "without any strike" in judged[2].judgements[0].reason


def test_what_is_worse_than_without_a_strike_is_told() -> None:
    undisturbed, struck = noted(Story()), killed()
    verdict = judge(noted(struck.strike(), attempts=2), baselines=[undisturbed], checks=[note_kept])
    assert [finding.how_bad for finding in verdict.findings] == [Severity.BROKEN]


def test_check_that_raises_is_unknown_with_its_traceback() -> None:
    @checks.check("broken")
    def broken(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        """It holds."""
        raise ZeroDivisionError("planted")
        yield

    judgement = judge(clean(Story()), baselines=[], checks=[broken]).judgements[0]
    assert judgement.outcome == Outcome.UNKNOWN
    assert "ZeroDivisionError: planted" in judgement.reason


def test_findings_made_before_a_check_raises_are_kept() -> None:
    @checks.check("half")
    def half(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        """It holds."""
        yield Finding(check="half", message="broke")
        raise checks.CannotTell("the rest")

    judgement = judge(clean(Story()), baselines=[], checks=[half]).judgements[0]
    assert (judgement.outcome, judgement.reason, len(judgement.findings)) == (Outcome.FAIL, "the rest", 1)


def test_undisturbed_run_is_judged_against_itself() -> None:
    first, second = clean(Story()), clean(Story(run_id="run-2"))
    verdict = judge(second, baselines=[first, second], checks=checks.standard)
    assert verdict.outcome == Outcome.PASS, verdict
    assert [one.check for one in verdict.judgements] == [one.name for one in checks.standard]


def test_every_check_is_named_and_has_a_property() -> None:
    assert len({one.name for one in checks.standard}) == len(checks.standard) == 45
    for one in checks.standard:
        assert checks.named(one.name) is one
        assert one.property.endswith(".")


def test_checks_are_chosen_by_name() -> None:
    note = checks.HappensOnce("note")
    assert checks.chosen(["replays", note]) == (checks.named("replays"), note)
    assert len(checks.chosen([], skip=["replays"])) == len(checks.standard) - 1
    with pytest.raises(UsageError, match="did you mean 'retry-cap'"):
        checks.chosen(["retry-caps"])
    with pytest.raises(UsageError, match="no check is called 'happens-once'"):
        checks.named("happens-once")


def test_checks_are_light() -> None:
    program = (
        "import sys; from harness import checks; checks.standard;"
        "sys.exit(any(name.split('.')[0] in ('temporalio', 'grpc', 'google') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_strike_after_the_end_where_time_is_skipped() -> None:
    def closed(*, struck_after: bool) -> Evidence:
        story = killed()
        if not struck_after:
            story.strike()
        asked = WorkflowTaskCompleted(commands=["CompleteWorkflowExecution"])
        story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True, asked=asked)
        if struck_after:
            story.strike()
        return story.wait(86400).close().evidence(skips_time=True)

    assert judge(closed(struck_after=False), baselines=[], checks=()).struck
    assert not judge(closed(struck_after=True), baselines=[], checks=()).struck


def test_a_strike_at_the_goodbye_of_a_worker_is_made_though_the_workflow_is_closed() -> None:
    story = Story(plan=Plan((Strike("kill-worker", "before/ShutdownWorker"),)))
    story.complete(story.activity("book")).close().wait(1).strike()
    assert judge(story.evidence(), baselines=[], checks=()).struck
