from __future__ import annotations

from dataclasses import replace

from harness.records.evidence import Evidence
from harness.records.replay_result import Difference, NondeterministicCall, Replay, ReplayFinding

from .build import Story, judged, nothing, only_finding


def replayed(*replays: Replay) -> Evidence:
    return Story().close().evidence(replays=replays)


def test_replay_that_fails() -> None:
    failure = "[TMPRL1100] Nondeterminism error: other activity\nstack"
    found = Replay(workflow_id="agent", run_id="run-1", failure=failure, nondeterminism=True)
    finding = only_finding("replays", replayed(found))
    assert finding.message.startswith("the replay of Agent is not deterministic: [TMPRL1100] Nondeterminism error")
    assert (finding.subject, str(finding.evidence[1])) == ("Agent", "stack")


def test_replay_that_was_skipped_is_listed() -> None:
    good = Replay(workflow_id="agent", run_id="run-1")
    skipped = Replay(workflow_id="child", run_id="run-2", skipped="no workflow Child in app")
    judgement = judged("replays", replayed(good, skipped))
    assert (judgement.outcome, judgement.reason) == ("PASS", "not replayed: no workflow Child in app")
    assert "no workflow Child in app" in nothing("replays", replayed(skipped))
    assert nothing("replays", replayed()) == "no history was replayed"
    assert "not importable" in nothing("replays", Story().close().evidence())


def test_difference_that_temporal_lets_pass() -> None:
    changed = Difference(
        event_id=5,
        workflow_task=3,
        kind="ScheduleActivityTask",
        subject="book",
        field="input.0",
        old="a",
        new="b",
        line="agent.py:7 in run",
    )
    found = Replay(workflow_id="agent", run_id="run-1", commands=4, tasks=4, differences=(changed, changed))
    finding = only_finding("replays", replayed(found, replace(found, prefixes=4)))
    told = "ScheduleActivityTask book, input.0: recorded 'a', now 'b' (agent.py:7 in run)"
    assert finding.message == f"the replay of Agent decides otherwise: {told}"
    assert tuple(map(str, finding.evidence)) == (f"event 5  {told}",) * 2


def test_replay_that_took_too_long_is_neither_right_nor_wrong() -> None:
    blocked = Replay(workflow_id="agent", run_id="run-1", failure="[TMPRL1101] Potential deadlock", blocked=True)
    assert "took too long" in judged("replays", replayed(blocked)).reason
    assert (judged("replays", replayed(blocked)).outcome, judged("replays", replayed(blocked)).excused) == (
        "UNKNOWN",
        True,
    )
    stopped = replace(blocked, blocked=False, lost="the replay took longer than 30 s and was stopped")
    assert (judged("replays", replayed(stopped)).outcome, judged("replays", replayed(stopped)).excused) == (
        "UNKNOWN",
        False,
    )
    died = replace(stopped, lost="the replaying process ended (exit status 7)")
    only_finding("replays", replayed(died))


def test_report_cases_a_replay_without_the_plugins_of_the_worker_says_nothing_of_its_code() -> None:
    refused = "a worker with Forecast does not start: RestrictedWorkflowAccessError: Cannot access urllib"
    judgement = judged("replays", replayed(Replay(workflow_id="agent", run_id="run-1", failure=refused)))
    assert (judgement.outcome, judgement.findings) == ("UNKNOWN", ())
    assert "RestrictedWorkflowAccessError" in judgement.reason
    assert "--replayer MODULE:FUNCTION" in judgement.reason
    only_finding("replays", replayed(Replay(workflow_id="agent", run_id="run-1", failure=f"ValueError: {refused}")))


def test_report_cases_what_depends_on_a_condition_is_told_once_with_its_line_and_causes() -> None:
    call = NondeterministicCall(function="time.time", stack=("app.py:7 in run",), workflow="Agent")
    shown = ReplayFinding(
        check="replays-under-every-condition",
        workflow="Agent",
        message="StartTimer 1 depends on the wall clock",
        subject="StartTimer 1",
        line="app.py:7 in run",
        conditions=("wall clock",),
        causes=(call,),
    )
    found = Replay(workflow_id="agent", run_id="run-1", commands=4, findings=(shown,))
    finding = only_finding("replays", replayed(found, replace(found, findings=(), prefixes=4)))
    assert finding.message == "the replay of Agent shows that StartTimer 1 depends on the wall clock"
    assert tuple(map(str, finding.evidence)) == (
        "app.py:7 in run",
        "seen under: wall clock",
        "calls time.time: app.py:7 in run",
    )


def test_report_cases_what_each_execution_of_a_child_shows_is_one_finding_and_another_child_is_another() -> None:
    shown = ReplayFinding(check="", workflow="", message="it depends on the wall clock", subject="", line="app.py:7")
    paths = ("Agent/Mail.1", "Agent/Mail.2", "Agent/Mail.2+1", "Agent/Call.1")
    replays = [Replay(workflow_id=path, run_id=path, commands=4, findings=(shown,)) for path in paths]
    messages = [finding.message for finding in judged("replays", replayed(*replays)).findings]
    assert messages == [
        f"the replay of {path} shows that it depends on the wall clock" for path in ("Agent/Mail.1", "Agent/Call.1")
    ]


def test_code_that_reads_the_environment_and_decides_the_same_is_risky() -> None:
    call = NondeterministicCall(function="os.environ", stack=("app.py:7 in run",), workflow="Agent")
    reads = ReplayFinding(
        check="calls-nothing-non-deterministic",
        workflow="Agent",
        message="workflow code calls os.environ",
        subject="os.environ in run",
        causes=(call,),
    )
    steady = Replay(workflow_id="agent", run_id="run-1", commands=4, findings=(reads,))
    found = only_finding("replays", replayed(steady))
    assert (found.severity, found.fix.partition(" where")[0]) == ("risky", "Read the variable")
    assert judged("replays", replayed(steady)).outcome == "PASS"
    clock = replace(reads, message="workflow code calls time.time", causes=(replace(call, function="time.time"),))
    for broken in (
        replace(steady, failure="[TMPRL1100] it decides otherwise"),
        replace(steady, findings=(replace(reads, conditions=("locale",)),)),
        replace(steady, findings=(clock,)),
    ):
        assert only_finding("replays", replayed(broken)).severity == "broken"
